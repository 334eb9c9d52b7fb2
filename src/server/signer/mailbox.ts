/**
 * One relay over which a remote signer is spoken to: dialled when there is something to say, and
 * again after it was lost.
 */

import type { Link } from "../../channel.ts";
import { CLOSE } from "../../nostr/close.ts";
import { isRecord } from "../../nostr/parsed.ts";

export interface MailboxOptions {
  /** What is waited for there. */
  readonly filter: Readonly<Record<string, unknown>>;
  dial(): Promise<Link>;
  /** Neither parsed nor verified. */
  onEvent(event: Readonly<Record<string, unknown>>): void;
  /** The relay refuses what was sent. */
  onRefused(eventId: string, reason: string): void;
  onLost(): void;
}

export class Mailbox {
  readonly #options: MailboxOptions;
  #link: Promise<Link> | undefined;
  #isClosed = false;

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  /** Rejects with the error of dialling. `event`: the text of a signed event. */
  async send(event: string): Promise<void> {
    this.#link ??= this.#open();
    const link = await this.#link;
    link.send(`["EVENT",${event}]`);
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
    this.#link?.then(
      (link) => link.close(CLOSE.normal, ""),
      () => {},
    );
  }

  async #open(): Promise<Link> {
    try {
      const link = await this.#options.dial();
      if (this.#isClosed) link.close(CLOSE.normal, "");
      link.start({
        message: (text) => this.#receive(text),
        end: () => {
          this.#link = undefined;
          this.#options.onLost();
        },
      });
      link.send(JSON.stringify(["REQ", SUBSCRIPTION, this.#options.filter]));
      return link;
    } catch (error) {
      this.#link = undefined;
      throw error;
    }
  }

  #receive(text: string): void {
    const [type, first, second, third] = readArray(text);
    if (type === "EVENT" && first === SUBSCRIPTION && isRecord(second)) {
      this.#options.onEvent(second);
    } else if (type === "OK" && typeof first === "string" && second === false) {
      this.#options.onRefused(first, typeof third === "string" ? third : "");
    }
  }
}

const SUBSCRIPTION = "signer";

function readArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
