/**
 * Every live subscription of the relay, found by what an event carries: an inverted index gives
 * candidates, `matchFilter` decides. Each filter stands in the index under one of its conditions,
 * the one with the fewest values, so an event meets few subscriptions that it does not match.
 */

import type { VerifiedEvent } from "../nostr/event.ts";
import { type Filter, matchFilters, type TagSets, tagSets } from "../nostr/filter.ts";
import { isVisible, type View } from "../nostr/visibility.ts";

/** A live filter set, who asks, and where the events go. */
export interface Subscription {
  readonly filters: readonly Filter[];
  readonly view: View;
  deliver(event: VerifiedEvent): void;
}

/** Up to this many author–kind pairs, a filter is indexed by the pairs instead of the authors. */
const MAX_PAIRS = 64;

export class Subscriptions {
  readonly #index = new Index();

  /** How many index entries exist; 0 when nobody is subscribed. */
  get size(): number {
    return this.#index.size;
  }

  add(subscription: Subscription): void {
    for (const key of keysOf(subscription)) this.#index.add(key, subscription);
  }

  remove(subscription: Subscription): void {
    for (const key of keysOf(subscription)) this.#index.remove(key, subscription);
  }

  /** Hands the event once to every subscription that may see it; returns how many there were. */
  deliver(event: VerifiedEvent): number {
    const tags = tagSets(event);
    const candidates = new Set<Subscription>();
    for (const key of keysOfEvent(event, tags)) this.#index.collect(key, candidates);
    let matched = 0;
    for (const subscription of candidates) {
      if (!matchFilters(subscription.filters, event, tags)) continue;
      if (!isVisible(event, subscription.view)) continue;
      matched += 1;
      subscription.deliver(event);
    }
    return matched;
  }
}

/** A string is an id, author, pair or tag, told apart by its first character; a number is a kind. */
type Key = string | number;

const EVERYTHING: Key = "";

class Index {
  // Most keys have one subscription, so a set is made only for the second.
  readonly #entries = new Map<Key, Subscription | Set<Subscription>>();

  get size(): number {
    return this.#entries.size;
  }

  add(key: Key, subscription: Subscription): void {
    const entry = this.#entries.get(key);
    if (entry instanceof Set) entry.add(subscription);
    else if (entry === undefined) this.#entries.set(key, subscription);
    else if (entry !== subscription) this.#entries.set(key, new Set([entry, subscription]));
  }

  remove(key: Key, subscription: Subscription): void {
    const entry = this.#entries.get(key);
    if (entry === subscription) this.#entries.delete(key);
    if (!(entry instanceof Set)) return;
    entry.delete(subscription);
    if (entry.size === 0) this.#entries.delete(key);
  }

  collect(key: Key, into: Set<Subscription>): void {
    const entry = this.#entries.get(key);
    if (entry instanceof Set) for (const subscription of entry) into.add(subscription);
    else if (entry !== undefined) into.add(entry);
  }
}

function* keysOf(subscription: Subscription): Iterable<Key> {
  for (const filter of subscription.filters) yield* keysOfFilter(filter);
}

/** Empty for a filter with an empty set, which matches nothing. */
function* keysOfFilter(filter: Filter): Iterable<Key> {
  const { ids, authors, kinds } = filter;
  const [letter, values] = narrowestTag(filter);
  const narrowest = Math.min(...[ids, authors, values].map((set) => set?.size ?? Infinity));
  if (ids?.size === narrowest) {
    for (const id of ids) yield idKey(id);
  } else if (authors?.size === narrowest) {
    if (kinds && authors.size * kinds.size <= MAX_PAIRS) {
      for (const author of authors) for (const kind of kinds) yield pairKey(author, kind);
    } else {
      for (const author of authors) yield authorKey(author);
    }
  } else if (letter !== undefined && values) {
    for (const value of values) yield tagKey(letter, value);
  } else if (kinds) {
    yield* kinds;
  } else {
    yield EVERYTHING;
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

function* keysOfEvent(event: VerifiedEvent, tags: TagSets): Iterable<Key> {
  yield idKey(event.id);
  yield authorKey(event.pubkey);
  yield pairKey(event.pubkey, event.kind);
  yield event.kind;
  yield EVERYTHING;
  for (const [letter, values] of tags) for (const value of values) yield tagKey(letter, value);
}

const idKey = (id: string): Key => `i${id}`;
const authorKey = (author: string): Key => `a${author}`;
const pairKey = (author: string, kind: number): Key => `b${kind}:${author}`;
const tagKey = (letter: string, value: string): Key => `#${letter}${value}`;
