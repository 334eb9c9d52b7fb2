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
  /** The text of an event that answers a challenge (NIP-42). */
  authenticate(challenge: string): string;
  /** The text of an event that was sent, while an answer to it is still of use. */
  waiting(eventId: string): string | undefined;
  /** Neither parsed nor verified. */
  onEvent(event: Readonly<Record<string, unknown>>): void;
  /** The relay refuses what was sent. */
  onRefused(eventId: string, reason: string): void;
  onLost(): void;
}

export class Mailbox {
  readonly #options: MailboxOptions;
  #link: Promise<Link> | undefined;
  #isChallenged = false;
  /** Sent again, since the relay knows us now. */
  readonly #repeated = new Set<string>();
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
        message: (text) => this.#receive(text, link),
        end: () => {
          this.#link = undefined;
          this.#isChallenged = false;
          this.#repeated.clear();
          this.#options.onLost();
        },
      });
      link.send(this.#request);
      return link;
    } catch (error) {
      this.#link = undefined;
      throw error;
    }
  }

  #receive(text: string, link: Link): void {
    const [type, first, second, third] = readArray(text);
    if (type === "EVENT" && first === SUBSCRIPTION && isRecord(second)) {
      this.#options.onEvent(second);
    } else if (type === "OK" && typeof first === "string" && second === false) {
      this.#refused(first, typeof third === "string" ? third : "", link);
    } else if (type === "AUTH" && typeof first === "string") {
      this.#authenticate(first, link);
    }
  }

  /** Once for a connection. What was refused for want of it is asked for again. */
  #authenticate(challenge: string, link: Link): void {
    if (this.#isChallenged || challenge.length > MAX_CHALLENGE) return;
    this.#isChallenged = true;
    link.send(`["AUTH",${this.#options.authenticate(challenge)}]`);
    link.send(this.#request);
  }

  #refused(eventId: string, reason: string, link: Link): void {
    const event = this.#options.waiting(eventId);
    const isInVain = !this.#isChallenged || this.#repeated.has(eventId);
    if (event === undefined || isInVain || !reason.startsWith("auth-required:")) {
      this.#options.onRefused(eventId, reason);
      return;
    }
    this.#repeated.add(eventId);
    link.send(`["EVENT",${event}]`);
  }

  get #request(): string {
    return JSON.stringify(["REQ", SUBSCRIPTION, this.#options.filter]);
  }
}

const SUBSCRIPTION = "signer";
/** Characters that are signed for a relay. */
const MAX_CHALLENGE = 256;

function readArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
