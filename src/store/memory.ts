/**
 * The reference store: every rule of storage in its plainest form, kept in memory. The other stores
 * are compared with it (`test/store/differential.test.ts`).
 */

import { type Deletion, deletionOf, isDeletable, ownersOf } from "../nostr/deletion.ts";
import { compareNewestFirst, identifierOf, type VerifiedEvent } from "../nostr/event.ts";
import { isExpired } from "../nostr/expiration.ts";
import { type Filter, matchFilter, matchFilters } from "../nostr/filter.ts";
import type { EventId, PublicKey } from "../nostr/key.ts";
import { hasVersions, KIND_VANISH } from "../nostr/kind.ts";
import type { Texts } from "../nostr/packed-texts.ts";
import { MAX_RANKED, rank, scoreOf } from "../nostr/search.ts";
import { isVisible, type View } from "../nostr/visibility.ts";
import type {
  EventStore,
  ExportOrder,
  InsertOutcome,
  Place,
  Remainder,
  StoredFilter,
} from "../store.ts";

const PAGE_EVENTS = 500;

export class MemoryStore implements EventStore {
  readonly #events = new Map<string, VerifiedEvent>();
  /** Address → id of the current version. */
  readonly #current = new Map<string, string>();
  /** Who asked, and for which id. */
  readonly #deletedIds = new Set<string>();
  /** Address → the second up to which its versions are deleted. */
  readonly #deletedAddresses = new Map<string, number>();
  /** Key → the second up to which everything of it is gone. */
  readonly #vanished = new Map<string, number>();

  async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    return events.map((event) => this.#insert(event));
  }

  async *query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<Texts, Remainder, undefined> {
    const sorted = this.#visible(view).sort(compareNewestFirst);
    const found = new Set(filters.flatMap((filter) => mostRelevant(filter, sorted)));
    const others = filters.filter(({ search }) => search === undefined);
    for (const event of union(others, sorted)) found.add(event);
    for (const page of pages([...found])) yield page.map((event) => event.json);
    const matching = sorted.filter((event) => matchFilters(filters, event));
    return matching.length > found.size ? "more" : "finish";
  }

  async *locate(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly Place[], void, undefined> {
    const sorted = this.#visible(view).sort(compareNewestFirst);
    const exact = filters.map((filter) => ({ ...filter, surplus: 0 }));
    for (const page of pages(union(exact, sorted))) {
      yield page.map(({ created_at, id }) => ({ created_at, id }));
    }
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

  async remove(ids: readonly EventId[]): Promise<number> {
    const present = ids.flatMap((id) => this.#events.get(id) ?? []);
    for (const event of present) this.#remove(event);
    return present.length;
  }

  async sweep(now: number): Promise<number> {
    const expired = [...this.#events.values()].filter((event) => isExpired(event, now));
    for (const event of expired) this.#remove(event);
    return expired.length;
  }

  async *export(
    filters: readonly Filter[],
    order: ExportOrder,
  ): AsyncGenerator<readonly string[], void, undefined> {
    const wanted = [...this.#events.values()].filter((event) => matchFilters(filters, event));
    const texts = wanted.sort(compareNewestFirst).map((event) => event.json);
    yield* pages(order === "oldest first" ? texts.reverse() : texts);
  }

  async close(): Promise<void> {}

  #visible(view: View | undefined): VerifiedEvent[] {
    const events = [...this.#events.values()];
    return view ? events.filter((event) => isVisible(event, view)) : events;
  }

  #insert(event: VerifiedEvent): InsertOutcome {
    if (this.#isDeleted(event)) return "deleted";
    if (this.#events.has(event.id)) return "duplicate";
    if (hasVersions(event.kind)) {
      const current = this.#version(addressKey(event));
      if (current && compareNewestFirst(current, event) < 0) return "superseded";
      if (current) this.#remove(current);
      this.#current.set(addressKey(event), event.id);
    }
    this.#events.set(event.id, event);
    const deletion = deletionOf(event);
    if (deletion) this.#delete(deletion);
    if (event.kind === KIND_VANISH) this.#vanish(event.pubkey, event.created_at);
    return "stored";
  }

  #isDeleted(event: VerifiedEvent): boolean {
    const { id, kind, created_at } = event;
    if (kind === KIND_VANISH) return false;
    const owners = ownersOf(event);
    if (owners.some((owner) => created_at <= (this.#vanished.get(owner) ?? -1))) return true;
    if (!isDeletable(kind)) return false;
    if (owners.some((owner) => this.#deletedIds.has(owner + id))) return true;
    if (!hasVersions(kind)) return false;
    return created_at <= (this.#deletedAddresses.get(addressKey(event)) ?? -1);
  }

  #delete({ author, ids, addresses, until }: Deletion): void {
    for (const id of ids) {
      this.#deletedIds.add(author + id);
      const event = this.#events.get(id);
      if (event && isDeletable(event.kind) && ownersOf(event).includes(author)) this.#remove(event);
    }
    for (const { kind, pubkey, identifier } of addresses) {
      const key = JSON.stringify([kind, pubkey, identifier]);
      this.#deletedAddresses.set(key, Math.max(until, this.#deletedAddresses.get(key) ?? 0));
      const event = this.#version(key);
      if (event && event.created_at <= until) this.#remove(event);
    }
  }

  #vanish(pubkey: PublicKey, until: number): void {
    this.#vanished.set(pubkey, Math.max(until, this.#vanished.get(pubkey) ?? 0));
    for (const event of this.#events.values()) if (this.#isDeleted(event)) this.#remove(event);
  }

  #version(address: string): VerifiedEvent | undefined {
    return this.#events.get(this.#current.get(address) ?? "");
  }

  #remove(event: VerifiedEvent): void {
    this.#events.delete(event.id);
    if (hasVersions(event.kind)) this.#current.delete(addressKey(event));
  }
}

function addressKey(event: VerifiedEvent): string {
  return JSON.stringify([event.kind, event.pubkey, identifierOf(event)]);
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

function union(
  filters: readonly StoredFilter[],
  sorted: readonly VerifiedEvent[],
): readonly VerifiedEvent[] {
  const wanted = new Set(filters.flatMap((filter) => newest(filter, sorted)));
  return sorted.filter((event) => wanted.has(event));
}

function newest(filter: StoredFilter, sorted: readonly VerifiedEvent[]): readonly VerifiedEvent[] {
  const { limit = Number.POSITIVE_INFINITY, surplus = 0 } = filter;
  const matching = sorted.filter((event) => matchFilter(filter, event));
  const second = matching[limit - 1]?.created_at;
  const ties = matching.slice(limit, limit + surplus);
  return [...matching.slice(0, limit), ...ties.filter((event) => event.created_at === second)];
}

function* pages<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < items.length; at += PAGE_EVENTS) yield items.slice(at, at + PAGE_EVENTS);
}
