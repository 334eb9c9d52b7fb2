/**
 * All REQs of one client: what it may ask, how many at once, and which one an id means now.
 */

import type { Filter } from "../nostr/filter.ts";
import { closedMessage, type Reason } from "../nostr/message.ts";
import { reasonOf, type Verdict } from "../nostr/verdict.ts";
import type { Outbox } from "./outbox.ts";
import { Query, type QueryParts } from "./query.ts";
import type { Reader } from "./reader.ts";

/** Scans of the store that one client may have under way. The rest of its REQs wait in order. */
const MAX_SCANS = 4;

export class Queries {
  readonly #parts: QueryParts;
  readonly #reader: Reader;
  readonly #outbox: Outbox;
  readonly #open = new Map<string, Query>();
  readonly #waiting = new Set<Query>();
  readonly #scans = new Set<Promise<void>>();
  #ended = false;

  constructor(parts: QueryParts, reader: Reader, outbox: Outbox) {
    this.#parts = parts;
    this.#reader = reader;
    this.#outbox = outbox;
  }

  /**
   * Opens a subscription in place of the one that had this id, if any. Returns a promise only where
   * the policy has to be waited for; what the client sends after the REQ should wait, too.
   */
  open(id: string, filters: readonly Filter[]): void | Promise<void> {
    this.close(id);
    const { maxFilters, maxSubscriptions } = this.#parts.limits;
    if (filters.length > maxFilters) {
      this.refuse(id, `invalid: a REQ may have at most ${maxFilters} filters`);
      return;
    }
    if (this.#open.size >= maxSubscriptions) {
      this.refuse(id, `rate-limited: at most ${maxSubscriptions} subscriptions at once`);
      return;
    }
    const verdict = this.#reader.ask(filters);
    if (verdict instanceof Promise) return verdict.then((v) => this.#follow(v, id, filters));
    this.#follow(verdict, id, filters);
  }

  /** Answers a REQ with CLOSED, which also ends the subscription that had this id. */
  refuse(id: string, reason: Reason): void {
    this.close(id);
    this.#outbox.send(closedMessage(id, reason));
  }

  /** Ends the subscription, if there is one, without a word (NIP-01 has no answer to CLOSE). */
  close(id: string): void {
    const query = this.#open.get(id);
    if (query === undefined) return;
    query.stop();
    this.#open.delete(id);
    this.#waiting.delete(query);
  }

  /** Asks the policy again about all that is open; what it refuses by now is closed. */
  async review(): Promise<void> {
    for (const query of [...this.#open.values()]) {
      const verdict = await this.#reader.ask(query.filters);
      if (verdict.accepted || this.#open.get(query.id) !== query) continue;
      this.refuse(query.id, reasonOf(verdict));
    }
  }

  /** Ends everything; resolves when the store is left alone. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const id of this.#open.keys()) this.close(id);
    await Promise.all(this.#scans);
  }

  #follow(verdict: Verdict, id: string, filters: readonly Filter[]): void {
    if (this.#ended) return;
    if (!verdict.accepted) {
      this.refuse(id, reasonOf(verdict));
      return;
    }
    const shown = filters.map((filter) => this.#reader.narrow(filter));
    const query = new Query(id, shown, this.#reader, this.#parts, this.#outbox);
    this.#open.set(id, query);
    query.start();
    this.#waiting.add(query);
    this.#scanNext();
  }

  #scanNext(): void {
    for (const query of this.#waiting) {
      if (this.#scans.size >= MAX_SCANS) return;
      this.#waiting.delete(query);
      const scan = query.scan().then(() => {
        this.#scans.delete(scan);
        if (query.isStopped && this.#open.get(query.id) === query) this.#open.delete(query.id);
        this.#scanNext();
      });
      this.#scans.add(scan);
    }
  }
}
