/**
 * What one client has sent: its messages are taken one at a time and in order, and it is not read
 * from while there is a reason not to. Clients send AUTH and the REQ that depends on it in one go;
 * the REQ must wait here until the verdict is in.
 */

import type { Channel } from "../channel.ts";
import { CLOSE } from "../nostr/close.ts";

/** Why a client is not read from: its messages, its events or what it is owed pile up. */
export type Hold = "messages" | "events" | "outbox";

/** Characters that wait before reading stops, and before a client that goes on all the same is closed. */
const PAUSE_AT = 65_536;
const CLOSE_AT = 1_048_576;
/** What a waiting message costs besides its characters. */
const OVERHEAD = 64;

/** Who takes the messages, one at a time. */
export interface Handler {
  /** If it returns a promise, the next message waits for it. Never throws. */
  handle(text: string): void | Promise<void>;
}

export class Inbox {
  readonly #channel: Channel;
  readonly #handler: Handler;
  /** These two exist while there is something in them: most clients are silent most of the time. */
  #holds: Set<Hold> | undefined;
  #waiting: string[] | undefined;
  #cost = 0;
  #busy = false;
  #shut = false;

  constructor(channel: Channel, handler: Handler) {
    this.#channel = channel;
    this.#handler = handler;
  }

  receive(text: string): void {
    if (this.#shut) return;
    if (this.#cost > CLOSE_AT) {
      this.shut();
      this.#channel.close(CLOSE.rateLimited, "rate-limited: too many messages at once");
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push(text);
    this.#cost += text.length + OVERHEAD;
    if (!this.#busy) this.#takeWaiting();
    else if (this.#cost > PAUSE_AT) this.hold("messages");
  }

  /** Stops reading for this reason. */
  hold(reason: Hold): void {
    if (this.#holds === undefined) this.#channel.pause();
    this.#holds ??= new Set();
    this.#holds.add(reason);
  }

  /** Reads on, unless another reason is left. */
  release(reason: Hold): void {
    this.#holds?.delete(reason);
    if (this.#holds?.size !== 0) return;
    this.#holds = undefined;
    this.#channel.resume();
  }

  /** Forgets what waits and hears nothing any more. */
  shut(): void {
    this.#shut = true;
    this.#waiting = undefined;
  }

  #takeWaiting(): void {
    this.#busy = true;
    for (let text = this.#next(); text !== undefined; text = this.#next()) {
      const pending = this.#handler.handle(text);
      if (pending) {
        void pending.then(() => this.#takeWaiting());
        return;
      }
    }
    this.#busy = false;
  }

  #next(): string | undefined {
    const text = this.#waiting?.shift();
    if (this.#waiting?.length === 0) this.#waiting = undefined;
    if (text === undefined) return undefined;
    this.#cost -= text.length + OVERHEAD;
    if (this.#cost <= PAUSE_AT) this.release("messages");
    return text;
  }
}
