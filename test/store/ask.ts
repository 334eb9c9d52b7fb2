/** Short words for asking a store in tests. */

import type { NostrEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import type { View } from "../../src/nostr/visibility.ts";
import type { EventStore, ExportOrder, Place, Remainder, StoredFilter } from "../../src/store.ts";

export function filter(conditions: Partial<Filter>): Filter {
  return { tags: new Map(), ...conditions };
}

export function tagged(letter: string, ...values: readonly string[]): Filter["tags"] {
  return new Map([[letter, new Set(values)]]);
}

/** The answer, page borders removed, and what is left. */
export async function answer(
  store: EventStore,
  filters: readonly StoredFilter[],
  view?: View,
): Promise<readonly [texts: readonly string[], remainder: Remainder]> {
  const pages: (readonly string[])[] = [];
  const query = store.query(filters, view);
  for (;;) {
    const page = await query.next();
    if (page.done) return [pages.flat(), page.value];
    pages.push([...page.value]);
  }
}

/** The answer, page borders removed. */
export async function texts(
  store: EventStore,
  filters: readonly StoredFilter[],
  view?: View,
): Promise<readonly string[]> {
  return (await answer(store, filters, view))[0];
}

/** The author of each event that is counted, sorted. */
export async function authors(
  store: EventStore,
  filters: readonly Filter[],
  view?: View,
): Promise<readonly string[]> {
  const pages: (readonly string[])[] = [];
  for await (const page of store.authors(filters, view)) pages.push(page);
  return pages.flat().sort();
}

/** Where the events of the answer stand, page borders removed. */
export async function places(
  store: EventStore,
  filters: readonly Filter[],
  view?: View,
): Promise<readonly Place[]> {
  const pages: (readonly Place[])[] = [];
  for await (const page of store.locate(filters, view)) pages.push(page);
  return pages.flat();
}

/** What is exported, page borders removed. */
export async function exported(
  store: EventStore,
  filters: readonly Filter[],
  order: ExportOrder,
): Promise<readonly string[]> {
  const pages: (readonly string[])[] = [];
  for await (const page of store.export(filters, order)) pages.push(page);
  return pages.flat();
}

/** The ids of the answer, in its order. */
export function ask(
  store: EventStore,
  ...filters: readonly Partial<Filter>[]
): Promise<readonly string[]> {
  return askAs(undefined, store, ...filters);
}

/** The ids of what that view shows. */
export async function askAs(
  view: View | undefined,
  store: EventStore,
  ...filters: readonly Partial<Filter>[]
): Promise<readonly string[]> {
  const found = await texts(store, filters.map(filter), view);
  return found.map((json) => (JSON.parse(json) as NostrEvent).id);
}

export function idsInOrder(events: readonly NostrEvent[]): readonly string[] {
  return [...events]
    .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}
