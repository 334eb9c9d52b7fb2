/**
 * One NEG-OPEN (NIP-77) from its acceptance to its end: the ids that it is about, as they were when
 * it began, and an answer to every message. It holds only so many, and only while the client goes on.
 */

import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import type { Log } from "../log.ts";
import type { Filter } from "../nostr/filter.ts";
import { IdSet } from "../nostr/id-set.ts";
import { type NegReason, negError, negMessage } from "../nostr/message.ts";
import { answerNegentropy } from "../nostr/negentropy.ts";
import type { EventStore } from "../store.ts";
import type { Outbox } from "./outbox.ts";
import { MAX_FRUITLESS, TOO_COSTLY } from "./pace.ts";
import type { Quota } from "./quota.ts";
import type { Reader } from "./reader.ts";

export interface ReconciliationParts {
  readonly store: EventStore;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly defer: (run: () => void) => void;
  readonly log: Log;
}

/** Who wants to reconcile what. */
export interface Opening {
  readonly id: string;
  readonly filter: Filter;
  /** The first message. */
  readonly message: Uint8Array;
}

/** Bytes of an answer. In hex it fits a message of 128 KiB, which most clients take. */
const MAX_ANSWER = 60_000;
/** What a client may take between an answer and its next message. */
const IDLE_MILLISECONDS = 120_000;

export class Reconciliation {
  readonly id: string;
  readonly #opening: Opening;
  readonly #reader: Reader;
  readonly #parts: ReconciliationParts;
  readonly #quota: Quota;
  readonly #outbox: Outbox;
  /** Only when it is complete. */
  #own: IdSet | undefined;
  #held = 0;
  #stopped = false;
  #disarm: () => void = () => {};

  constructor(
    opening: Opening,
    reader: Reader,
    parts: ReconciliationParts,
    quota: Quota,
    outbox: Outbox,
  ) {
    this.id = opening.id;
    this.#opening = opening;
    this.#reader = reader;
    this.#parts = parts;
    this.#quota = quota;
    this.#outbox = outbox;
  }

  get filter(): Filter {
    return this.#opening.filter;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Sends nothing any more and frees its memory. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#disarm();
    this.#own = undefined;
    this.#quota.give(this.#held);
  }

  /** Reads the store and answers the first message. Never rejects. */
  async start(): Promise<void> {
    try {
      const own = await this.#gather();
      if (own === undefined || this.#stopped) return;
      this.#own = own;
      await this.answer(this.#opening.message);
    } catch (error) {
      this.#parts.log("error", "reconciliation failed", { error: String(error) });
      this.#fail("error: the store could not answer");
    }
  }

  /** Answers a message, in a turn of its own: it may be the work of some milliseconds. */
  async answer(message: Uint8Array): Promise<void> {
    if (this.#own === undefined) return this.#fail("invalid: the first answer was not waited for");
    this.#disarm();
    await new Promise<void>(this.#parts.defer);
    if (this.#stopped || this.#own === undefined) return;
    const answer = answerNegentropy(message, this.#own, MAX_ANSWER, this.#parts.crypto);
    if (!answer.ok) return this.#fail(`invalid: ${answer.reason}`);
    this.#outbox.send(negMessage(this.id, answer.value));
    this.#disarm = this.#parts.clock.after(IDLE_MILLISECONDS, () =>
      this.#fail("closed: you took too long to respond"),
    );
  }

  /** Everything there is; `undefined` if that is too much, or nobody waits for it any more. */
  async #gather(): Promise<IdSet | undefined> {
    const own = new IdSet();
    const pages = this.#parts.store.locate([this.#opening.filter], this.#reader.view);
    let fruitless = 0;
    for await (const page of this.#reader.paced(pages)) {
      fruitless = page.length === 0 ? fruitless + 1 : 0;
      if (fruitless > MAX_FRUITLESS) this.#fail(TOO_COSTLY);
      if (this.#stopped || !this.#hold(page.length)) return undefined;
      for (const place of page) own.add(place);
    }
    own.seal();
    return own;
  }

  #hold(records: number): boolean {
    const refusal = this.#quota.take(records);
    if (refusal === undefined) {
      this.#held += records;
      return true;
    }
    this.#fail(refusal.reason, refusal.max);
    return false;
  }

  #fail(reason: NegReason, maxRecords?: number): void {
    if (this.#stopped) return;
    this.stop();
    this.#outbox.send(negError(this.id, reason, maxRecords));
  }
}
