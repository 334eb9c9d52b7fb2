/**
 * What one client is owed: bounded. Whoever fills it in bulk waits for room; a client that does not
 * read what it asked for is closed before it costs more memory than the operator allows.
 */

import type { Channel } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { CLOSE } from "../nostr/close.ts";
import type { MessageRun } from "../nostr/message-run.ts";
import type { Limits } from "../policy.ts";

/** Bytes on their way to one client at which stored events and reading wait; half the limit if that is less. */
const FULL_AT = 262_144;
/** Characters that are sent in bulk at once. */
const PORTION = 65_536;
/** Characters that may be queued between two looks at how much is on its way, which takes a while. */
const MAX_UNSEEN = 16_384;

export class Outbox {
  readonly #channel: Channel;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #maxStall: number;
  readonly #fullAt: number;
  /** Stops the watch over a client that is to take what is queued, while there is one. */
  #stopWatch: (() => void) | undefined;
  #held = 0;
  /** Characters for which there surely is room, as of the last look. */
  #room = 0;
  /** Exists while somebody waits. */
  #waiting: (() => void)[] | undefined;
  #ended = false;

  constructor(
    channel: Channel,
    limits: Pick<Limits, "maxBufferedBytes" | "maxStallSeconds">,
    clock: Clock,
    log: Log,
  ) {
    this.#channel = channel;
    this.#log = log;
    this.#clock = clock;
    this.#max = limits.maxBufferedBytes;
    this.#maxStall = limits.maxStallSeconds * 1_000;
    this.#fullAt = Math.min(FULL_AT, limits.maxBufferedBytes / 2);
  }

  /** Whether who sends in bulk should wait. */
  get isFull(): boolean {
    if (this.#ended || this.#room > 0) return false;
    const room = this.#fullAt - this.#channel.bufferedAmount;
    this.#room = Math.min(room, MAX_UNSEEN);
    return room < 0;
  }

  /** How many characters whoever sends in bulk may queue at once, when it need not wait. */
  get portion(): number {
    return Math.min(PORTION, this.#fullAt);
  }

  /** Queues one message, or closes the client whose queue is above the limit. Never throws. */
  send(text: string): void {
    this.#queue(text.length, () => this.#channel.send(text));
  }

  /** The same for a run of messages. */
  sendRun(run: MessageRun): void {
    this.#queue(run.size, () => this.#channel.sendRun(run));
  }

  #queue(length: number, send: () => void): void {
    if (this.#ended) return;
    if (this.#room <= 0 && this.#isOver()) {
      this.#giveUp();
      return;
    }
    this.#room -= length;
    try {
      send();
      if (!this.#stopWatch && this.isFull) this.#watch();
    } catch (error) {
      this.#log("error", "channel failed to send", { error: String(error) });
      this.end();
      this.#channel.close(CLOSE.internal, "error: the relay has failed");
    }
  }

  /** Counts characters that wait elsewhere until they may be sent; negative when they are gone. */
  hold(characters: number): void {
    this.#held += characters;
    if (!this.#ended && this.#isOver()) this.#giveUp();
  }

  /** Resolves when the client has taken everything, or has ended. It may be full again by then. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  drained(): void {
    this.#stopWatch?.();
    this.#stopWatch = undefined;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }

  end(): void {
    this.#ended = true;
    this.drained();
  }

  /** A client that takes nothing must not keep its scans of the store waiting for ever. */
  #watch(): void {
    if (this.#stopWatch) return;
    const before = this.#channel.bufferedAmount;
    this.#stopWatch = this.#clock.after(this.#maxStall, () => {
      this.#stopWatch = undefined;
      if (!this.isFull) return;
      if (this.#channel.bufferedAmount < before) this.#watch();
      else this.#giveUp();
    });
  }

  #isOver(): boolean {
    return this.#channel.bufferedAmount + this.#held > this.#max;
  }

  #giveUp(): void {
    this.#log("warn", "client too slow", {
      address: this.#channel.peer.address,
      buffered: this.#channel.bufferedAmount,
      held: this.#held,
    });
    this.end();
    this.#channel.close(CLOSE.tooSlow, "too slow: the queue is full");
  }
}
