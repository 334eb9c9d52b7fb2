/**
 * Every live subscription of the relay, found by what an event carries: an inverted index gives
 * candidates, `matchFilter` decides. Each filter stands in the index under one of its conditions,
 * the one with the fewest values, so an event meets few subscriptions that it does not match.
 */

import type { VerifiedEvent } from "../nostr/event.ts";
import { type Filter, matchFilters, type TagSets, tagSets } from "../nostr/filter.ts";
import { SharedText } from "../nostr/packed-texts.ts";
import { isVisible, type View } from "../nostr/visibility.ts";

/** A live filter set, who asks, and where the events go. */
export interface Subscription {
  readonly filters: readonly Filter[];
  readonly view: View;
  /** `text`: the event's, for all who get it. */
  deliver(event: VerifiedEvent, text: SharedText): void;
}

/** Up to this many author–kind pairs, a filter is indexed by the pairs instead of the authors. */
const MAX_PAIRS = 64;
/** How many may be left for the next event to enter into the index. */
const MAX_FRESH = 64;

export class Subscriptions {
  readonly #index = new Index();
  /** Not in the index yet: who only wants what is stored is gone before the next event comes. */
  readonly #fresh = new Set<Subscription>();

  /** How many entries exist; 0 when nobody is subscribed. */
  get size(): number {
    return this.#index.size + this.#fresh.size;
  }

  add(subscription: Subscription): void {
    if (this.#fresh.size >= MAX_FRESH) this.#settle();
    this.#fresh.add(subscription);
  }

  remove(subscription: Subscription): void {
    if (this.#fresh.delete(subscription)) return;
    for (const filter of subscription.filters) {
      visitFilter(filter, (sort, value) => this.#index.remove(sort, value, subscription));
    }
  }

  /** Hands the event once to every subscription that may see it; returns how many there were. */
  deliver(event: VerifiedEvent): number {
    this.#settle();
    const candidates = new Set<Subscription>();
    // Where nobody is found by tags, these matter only once somebody is found.
    let tags = this.#index.hasTags ? tagSets(event) : undefined;
    visitEvent(event, tags, (sort, value) => this.#index.collect(sort, value, candidates));
    if (candidates.size === 0) return 0;
    tags ??= tagSets(event);
    let text: SharedText | undefined;
    let matched = 0;
    for (const subscription of candidates) {
      if (!matchFilters(subscription.filters, event, tags)) continue;
      if (!isVisible(event, subscription.view)) continue;
      matched += 1;
      text ??= new SharedText(event.json);
      subscription.deliver(event, text);
    }
    return matched;
  }

  #settle(): void {
    for (const subscription of this.#fresh) {
      for (const filter of subscription.filters) {
        visitFilter(filter, (sort, value) => this.#index.add(sort, value, subscription));
      }
    }
    this.#fresh.clear();
  }
}

/** An index entry is found by a value, among those of its sort: "id", "author", a kind's pairs, a tag's values. */
type Visit = (sort: string, value: string | number) => void;

class Index {
  // Values are looked up as they came: a text made of sort and value would have to be hashed anew.
  readonly #sorts = new Map<string, Map<string | number, Subscription | Set<Subscription>>>();
  #tagSorts = 0;

  /** Whether any entry is found by the value of a tag. */
  get hasTags(): boolean {
    return this.#tagSorts > 0;
  }

  get size(): number {
    return [...this.#sorts.values()].reduce((sum, entries) => sum + entries.size, 0);
  }

  add(sort: string, value: string | number, subscription: Subscription): void {
    let entries = this.#sorts.get(sort);
    if (entries === undefined) {
      entries = new Map();
      this.#sorts.set(sort, entries);
      if (isTagSort(sort)) this.#tagSorts += 1;
    }
    const entry = entries.get(value);
    // Most values have one subscription, so a set is made only for the second.
    if (entry instanceof Set) entry.add(subscription);
    else if (entry === undefined) entries.set(value, subscription);
    else if (entry !== subscription) entries.set(value, new Set([entry, subscription]));
  }

  remove(sort: string, value: string | number, subscription: Subscription): void {
    const entries = this.#sorts.get(sort);
    const entry = entries?.get(value);
    if (entry instanceof Set) {
      entry.delete(subscription);
      if (entry.size > 0) return;
    } else if (entry !== subscription) return;
    entries?.delete(value);
    if (entries?.size !== 0) return;
    this.#sorts.delete(sort);
    if (isTagSort(sort)) this.#tagSorts -= 1;
  }

  collect(sort: string, value: string | number, into: Set<Subscription>): void {
    const entry = this.#sorts.get(sort)?.get(value);
    if (entry instanceof Set) for (const subscription of entry) into.add(subscription);
    else if (entry !== undefined) into.add(entry);
  }
}

/** Nothing is visited for a filter with an empty set, which matches nothing. */
function visitFilter(filter: Filter, visit: Visit): void {
  const { ids, authors, kinds } = filter;
  const [letter, values] = narrowestTag(filter);
  const narrowest = Math.min(...[ids, authors, values].map((set) => set?.size ?? Infinity));
  if (ids?.size === narrowest) {
    for (const id of ids) visit(ID, id);
  } else if (authors?.size === narrowest) {
    if (kinds && authors.size * kinds.size <= MAX_PAIRS) {
      for (const kind of kinds) for (const author of authors) visit(pairSort(kind), author);
    } else {
      for (const author of authors) visit(AUTHOR, author);
    }
  } else if (letter !== undefined && values) {
    for (const value of values) visit(tagSort(letter), value);
  } else if (kinds) {
    for (const kind of kinds) visit(KIND, kind);
  } else {
    visit(EVERYTHING, "");
  }
}

function narrowestTag(filter: Filter): readonly [string, ReadonlySet<string>] | readonly [] {
  let narrowest: readonly [string, ReadonlySet<string>] | readonly [] = [];
  // Where all values must be there, one of them is enough to find the filter by.
  for (const [letter, values] of filter.allTags ?? []) {
    narrowest = [letter, new Set([...values].slice(0, 1))];
  }
  for (const condition of filter.tags) {
    if (condition[1].size < (narrowest[1]?.size ?? Infinity)) narrowest = condition;
  }
  return narrowest;
}

function visitEvent(event: VerifiedEvent, tags: TagSets | undefined, visit: Visit): void {
  visit(ID, event.id);
  visit(AUTHOR, event.pubkey);
  visit(pairSort(event.kind), event.pubkey);
  visit(KIND, event.kind);
  visit(EVERYTHING, "");
  for (const [letter, values] of tags ?? []) {
    for (const value of values) visit(tagSort(letter), value);
  }
}

const ID = "id";
const AUTHOR = "author";
const KIND = "kind";
const EVERYTHING = "";
const pairSort = (kind: number): string => `author of ${kind}`;
const tagSort = (letter: string): string => `#${letter}`;
const isTagSort = (sort: string): boolean => sort.startsWith("#");
