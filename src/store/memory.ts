/**
 * The reference store: every rule of storage in its plainest form, kept in memory. The other stores
 * are compared with it (`test/store/differential.test.ts`).
 */

import { compareNewestFirst, identifierOf, type VerifiedEvent } from "../nostr/event.ts";
import { type Filter, matchFilter, matchFilters } from "../nostr/filter.ts";
import type { PublicKey } from "../nostr/key.ts";
import { hasVersions } from "../nostr/kind.ts";
import { MAX_RANKED, rank, scoreOf } from "../nostr/search.ts";
import { isVisible, type View } from "../nostr/visibility.ts";
import type { EventStore, InsertOutcome, Remainder, StoredFilter } from "../store.ts";

const PAGE_EVENTS = 500;

export class MemoryStore implements EventStore {
  readonly #events = new Map<string, VerifiedEvent>();
  /** Address → id of the current version. */
  readonly #current = new Map<string, string>();

  async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    return events.map((event) => this.#insert(event));
  }

  async *query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<readonly string[], Remainder, undefined> {
    const sorted = this.#visible(view).sort(compareNewestFirst);
    const found = new Set(filters.flatMap((filter) => mostRelevant(filter, sorted)));
    const wanted = new Set(filters.flatMap((filter) => newest(filter, sorted)));
    for (const event of sorted) if (wanted.has(event)) found.add(event);
    const union = [...found].map((event) => event.json);
    for (let at = 0; at < union.length; at += PAGE_EVENTS) yield union.slice(at, at + PAGE_EVENTS);
    const matching = sorted.filter((event) => matchFilters(filters, event));
    return matching.length > union.length ? "more" : "finish";
  }

  async count(filters: readonly Filter[], view?: View): Promise<number> {
    return this.#visible(view).filter((event) => matchFilters(filters, event)).length;
  }

  async *authors(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly PublicKey[], void, undefined> {
    const counted = this.#visible(view).filter((event) => matchFilters(filters, event));
    if (counted.length > 0) yield counted.map(({ pubkey }) => pubkey);
  }

  async close(): Promise<void> {}

  #visible(view: View | undefined): VerifiedEvent[] {
    const events = [...this.#events.values()];
    return view ? events.filter((event) => isVisible(event, view)) : events;
  }

  #insert(event: VerifiedEvent): InsertOutcome {
    if (this.#events.has(event.id)) return "duplicate";
    if (hasVersions(event.kind)) {
      const address = JSON.stringify([event.kind, event.pubkey, identifierOf(event)]);
      const current = this.#events.get(this.#current.get(address) ?? "");
      if (current && compareNewestFirst(current, event) < 0) return "superseded";
      if (current) this.#events.delete(current.id);
      this.#current.set(address, event.id);
    }
    this.#events.set(event.id, event);
    return "stored";
  }
}

function mostRelevant(
  filter: StoredFilter,
  sorted: readonly VerifiedEvent[],
): readonly VerifiedEvent[] {
  const { search, limit } = filter;
  if (search === undefined) return [];
  const matching = sorted.filter((event) => matchFilter(filter, event)).slice(0, MAX_RANKED);
  const scored = matching.map((event) => ({ event, score: scoreOf(search, event) }));
  return rank(scored)
    .slice(0, limit)
    .map(({ event }) => event);
}

function newest(filter: StoredFilter, sorted: readonly VerifiedEvent[]): readonly VerifiedEvent[] {
  if (filter.search !== undefined) return [];
  const { limit = Number.POSITIVE_INFINITY, surplus = 0 } = filter;
  const matching = sorted.filter((event) => matchFilter(filter, event));
  const second = matching[limit - 1]?.created_at;
  const ties = matching.slice(limit, limit + surplus);
  return [...matching.slice(0, limit), ...ties.filter((event) => event.created_at === second)];
}
