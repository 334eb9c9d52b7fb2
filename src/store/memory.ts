/**
 * The reference store: every rule of storage in its plainest form, kept in memory. The other stores
 * are compared with it (`test/store/differential.test.ts`).
 */

import { compareNewestFirst, identifierOf, type VerifiedEvent } from "../nostr/event.ts";
import { type Filter, matchFilter, matchFilters } from "../nostr/filter.ts";
import { hasVersions } from "../nostr/kind.ts";
import type { EventStore, ExportOrder, InsertOutcome } from "../store.ts";

const PAGE_EVENTS = 500;

export class MemoryStore implements EventStore {
  readonly #events = new Map<string, VerifiedEvent>();
  /** Address → id of the current version. */
  readonly #current = new Map<string, string>();

  async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    return events.map((event) => this.#insert(event));
  }

  async *query(filters: readonly Filter[]): AsyncGenerator<readonly string[], void, undefined> {
    const sorted = [...this.#events.values()].sort(compareNewestFirst);
    const wanted = new Set(filters.flatMap((filter) => newest(filter, sorted)));
    const union = sorted.filter((event) => wanted.has(event)).map((event) => event.json);
    yield* pages(union);
  }

  async count(filters: readonly Filter[]): Promise<number> {
    return [...this.#events.values()].filter((event) => matchFilters(filters, event)).length;
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

function newest(filter: Filter, sorted: readonly VerifiedEvent[]): readonly VerifiedEvent[] {
  return sorted.filter((event) => matchFilter(filter, event)).slice(0, filter.limit);
}

function* pages(texts: readonly string[]): Generator<readonly string[], void, undefined> {
  for (let at = 0; at < texts.length; at += PAGE_EVENTS) yield texts.slice(at, at + PAGE_EVENTS);
}
