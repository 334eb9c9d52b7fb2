/**
 * One COUNT (NIP-45) from its acceptance to its answer. It reads the store in slices as a REQ does,
 * and stops where its id is taken or closed.
 */

import type { CryptoProvider } from "../crypto.ts";
import type { Log } from "../log.ts";
import type { Filter } from "../nostr/filter.ts";
import { HyperLogLog, hllOffset } from "../nostr/hll.ts";
import { type CountResult, closedMessage, countMessage, type Reason } from "../nostr/message.ts";
import type { EventStore } from "../store.ts";
import type { Outbox } from "./outbox.ts";
import { MAX_FRUITLESS, TOO_COSTLY } from "./pace.ts";
import type { Reader } from "./reader.ts";

export interface CountParts {
  readonly store: EventStore;
  readonly crypto: CryptoProvider;
  readonly log: Log;
}

/** Counting ends here; the answer then says that it is approximate. */
export const MAX_COUNT = 1_000_000;

export class Count {
  readonly id: string;
  readonly filters: readonly Filter[];
  readonly #reader: Reader;
  readonly #parts: CountParts;
  readonly #outbox: Outbox;
  #stopped = false;

  constructor(
    id: string,
    filters: readonly Filter[],
    reader: Reader,
    parts: CountParts,
    outbox: Outbox,
  ) {
    this.id = id;
    this.filters = filters;
    this.#reader = reader;
    this.#parts = parts;
    this.#outbox = outbox;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** A count has nothing to do until its turn comes. */
  start(): void {}

  /** Answers nothing any more. A scan under way ends at the next page. */
  stop(): void {
    this.#stopped = true;
  }

  /** Counts and answers. Never rejects; a failing store ends the count with CLOSED. */
  async scan(): Promise<void> {
    try {
      const result = await this.#count();
      if (!this.#stopped && result) this.#outbox.send(countMessage(this.id, result));
    } catch (error) {
      this.#parts.log("error", "count failed", { error: String(error) });
      this.#kill("error: the store could not answer");
    } finally {
      this.stop();
    }
  }

  #kill(reason: Reason): void {
    if (this.#stopped) return;
    this.stop();
    this.#outbox.send(closedMessage(this.id, reason));
  }

  /** Returns nothing where the count has ended without a result. */
  async #count(): Promise<CountResult | undefined> {
    const registers = this.#registers();
    const { view } = this.#reader;
    let count = 0;
    let fruitless = 0;
    for await (const authors of this.#reader.paced(this.#parts.store.authors(this.filters, view))) {
      fruitless = authors.length === 0 ? fruitless + 1 : 0;
      if (fruitless > MAX_FRUITLESS) this.#kill(TOO_COSTLY);
      if (this.#stopped) return undefined;
      count += authors.length;
      if (count > MAX_COUNT) return { count: MAX_COUNT, approximate: true };
      if (registers) for (const author of authors) registers.add(author);
    }
    return registers ? { count, hll: registers.hex } : { count };
  }

  /** NIP-45 defines them for one filter with a tag condition. */
  #registers(): HyperLogLog | undefined {
    const [filter, ...others] = this.filters;
    if (filter === undefined || others.length > 0) return undefined;
    const offset = hllOffset(filter, this.#parts.crypto);
    return offset === undefined ? undefined : new HyperLogLog(offset);
  }
}
