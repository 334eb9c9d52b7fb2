/**
 * All REQs and COUNTs of one client: what it may ask, how many at once, and which one an id means
 * now.
 */

import { type ClientMessage, closedMessage, type Reason } from "../nostr/message.ts";
import { reasonOf, type Verdict } from "../nostr/verdict.ts";
import { TOO_BUSY } from "./backlog.ts";
import { Count, type CountParts } from "./count.ts";
import type { Outbox } from "./outbox.ts";
import { Query, type QueryParts } from "./query.ts";
import type { Reader } from "./reader.ts";

export interface QueriesParts extends QueryParts, CountParts {}

/** What asks for the filters: a REQ or a COUNT. */
export type QueryMessage = Extract<ClientMessage, { readonly type: "REQ" | "COUNT" }>;

/** What a {@link QueryMessage} becomes: its id names it as long as it is not stopped. */
type Asked = Pick<Query, "id" | "filters" | "isStopped" | "start" | "stop" | "scan">;

/**
 * Scans of the store that one client may have under way, and while others wait for theirs, since
 * each holds a page. What else it asks waits in order.
 */
const MAX_SCANS = 4;
const MAX_SCANS_IN_A_CROWD = 2;

export class Queries {
  readonly #parts: QueriesParts;
  readonly #reader: Reader;
  readonly #outbox: Outbox;
  readonly #open = new Map<string, Asked>();
  /** First come, first scanned. */
  #waiting: readonly Asked[] = [];
  #scans: readonly Promise<void>[] = [];
  #ended = false;

  constructor(parts: QueriesParts, reader: Reader, outbox: Outbox) {
    this.#parts = parts;
    this.#reader = reader;
    this.#outbox = outbox;
  }

  /**
   * Opens a subscription, or a count, in place of what had this id, if anything. Returns a promise
   * only where the policy has to be waited for; what the client sends next should wait, too.
   */
  open(message: QueryMessage): void | Promise<void> {
    const { type, id, filters } = message;
    this.close(id);
    const { maxFilters, maxSubscriptions } = this.#parts.limits;
    if (filters.length > maxFilters) {
      this.refuse(id, `invalid: a ${type} may have at most ${maxFilters} filters`);
      return;
    }
    if (this.#open.size >= maxSubscriptions) {
      this.refuse(id, `rate-limited: at most ${maxSubscriptions} subscriptions at once`);
      return;
    }
    if (!this.#reader.lane.hasRoom) {
      this.refuse(id, TOO_BUSY);
      return;
    }
    const verdict = this.#reader.ask(filters);
    if (verdict instanceof Promise) return verdict.then((v) => this.#follow(v, message));
    this.#follow(verdict, message);
  }

  /** Answers a REQ or COUNT with CLOSED, which also ends the subscription that had this id. */
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
    this.#lineUp(this.#waiting.filter((other) => other !== query));
  }

  /** Asks the policy again about all that is open; what it refuses by now is closed. */
  async review(): Promise<void> {
    for (const query of [...this.#open.values()]) {
      const verdict = await this.#reader.askAgain(query.filters);
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

  #follow(verdict: Verdict, { type, id, filters }: QueryMessage): void {
    if (this.#ended) return;
    if (!verdict.accepted) {
      this.refuse(id, reasonOf(verdict));
      return;
    }
    const shown = filters.map((filter) => this.#reader.narrow(filter));
    const Asked = type === "REQ" ? Query : Count;
    const query: Asked = new Asked(id, shown, this.#reader, this.#parts, this.#outbox);
    this.#open.set(id, query);
    query.start();
    this.#lineUp([...this.#waiting, query]);
    this.#scanNext();
  }

  #lineUp(waiting: readonly Asked[]): void {
    this.#reader.lane.lineUp(waiting.length - this.#waiting.length);
    this.#waiting = waiting;
  }

  #scanNext(): void {
    const max = this.#reader.lane.isCrowded ? MAX_SCANS_IN_A_CROWD : MAX_SCANS;
    while (this.#scans.length < max) {
      const [query, ...others] = this.#waiting;
      if (query === undefined) return;
      this.#lineUp(others);
      const scan: Promise<void> = query.scan().then(() => {
        this.#scans = this.#scans.filter((other) => other !== scan);
        if (query.isStopped && this.#open.get(query.id) === query) this.#open.delete(query.id);
        this.#scanNext();
      });
      this.#scans = [...this.#scans, scan];
    }
  }
}
