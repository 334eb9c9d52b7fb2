/**
 * Filters (NIP-01, NIP-50, NIP-91): parse, and match one event. `matchFilter` is the reference that every store's
 * queries must agree with.
 */

import { indexedTags, isTagLetter, MAX_CREATED_AT, type NostrEvent } from "./event.ts";
import { isHex32 } from "./key.ts";
import { MAX_KIND } from "./kind.ts";
import { isRecord, isWellFormed, malformed, type Parsed, parsed } from "./parsed.ts";
import { matchSearch, parseSearch, type Search } from "./search.ts";

/** All conditions must hold; inside one set, one value must. An empty set matches nothing. */
export interface Filter {
  readonly ids?: ReadonlySet<string>;
  readonly authors?: ReadonlySet<string>;
  readonly kinds?: ReadonlySet<number>;
  /** None of these: never asked by a client, but set where some kinds are not to be shown. */
  readonly exceptKinds?: ReadonlySet<number>;
  /** Tag letter → wanted values. */
  readonly tags: TagSets;
  /** Tag letter → values that must all be there (NIP-91). */
  readonly allTags?: TagSets;
  /** Words to find; the answer is in the order of relevance (NIP-50). */
  readonly search?: Search;
  /** Unix seconds, inclusive. */
  readonly since?: number;
  /** Unix seconds, inclusive. */
  readonly until?: number;
  /** How many stored events at most, newest first; live delivery ignores it. */
  readonly limit?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads one filter. The reason starts with the prefix for CLOSED: `unsupported:` for conditions
 * that this relay does not know, `invalid:` for wrong values; nothing is silently ignored.
 */
export function parseFilter(value: unknown): Parsed<Filter> {
  if (!isRecord(value)) return malformed("invalid: filter is not an object");
  const lists: TagLists = { "#": new Map(), "&": new Map() };
  const filter: Mutable<Filter> = { tags: lists["#"] };
  for (const [key, condition] of Object.entries(value)) {
    const reason = readCondition(filter, lists, key, condition);
    if (reason !== undefined) return malformed(reason);
  }
  if (lists["&"].size > 0) {
    filter.tags = alternatives(lists);
    filter.allTags = lists["&"];
  }
  return parsed(filter);
}

/** Tag letter → values: what tag conditions want, and what they look at. */
export type TagSets = ReadonlyMap<string, ReadonlySet<string>>;

export function tagSets(event: NostrEvent): TagSets {
  const sets = new Map<string, Set<string>>();
  for (const [letter, value] of indexedTags(event)) {
    const values = sets.get(letter);
    if (values) values.add(value);
    else sets.set(letter, new Set([value]));
  }
  return sets;
}

/**
 * Whether the event meets every condition. `limit` plays no part. Who asks about one event many
 * times passes its {@link tagSets}, so that they are made once.
 */
export function matchFilter(filter: Filter, event: NostrEvent, tags?: TagSets): boolean {
  if (filter.since !== undefined && event.created_at < filter.since) return false;
  if (filter.until !== undefined && event.created_at > filter.until) return false;
  if (filter.kinds && !filter.kinds.has(event.kind)) return false;
  if (filter.exceptKinds?.has(event.kind)) return false;
  if (filter.authors && !filter.authors.has(event.pubkey)) return false;
  if (filter.ids && !filter.ids.has(event.id)) return false;
  if (!matchTags(filter, event, tags)) return false;
  return filter.search === undefined || matchSearch(filter.search, event);
}

function matchTags(filter: Filter, event: NostrEvent, tags: TagSets | undefined): boolean {
  if (filter.tags.size === 0 && filter.allTags === undefined) return true;
  const present = tags ?? tagSets(event);
  for (const [letter, wanted] of filter.tags) {
    if (!intersect(wanted, present.get(letter))) return false;
  }
  for (const [letter, wanted] of filter.allTags ?? []) {
    if (!includes(present.get(letter), wanted)) return false;
  }
  return true;
}

/** Whether any of the filters matches: several filters are a union (NIP-01). */
export function matchFilters(
  filters: readonly Filter[],
  event: NostrEvent,
  tags?: TagSets,
): boolean {
  return filters.some((filter) => matchFilter(filter, event, tags));
}

function intersect(a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): boolean {
  if (b === undefined) return false;
  const [smaller, larger] = a.size < b.size ? [a, b] : [b, a];
  for (const value of smaller) if (larger.has(value)) return true;
  return false;
}

/** Nothing includes an empty set, which matches nothing here as elsewhere. */
function includes(a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): boolean {
  if (a === undefined || b.size === 0 || b.size > a.size) return false;
  for (const value of b) if (!a.has(value)) return false;
  return true;
}

/** The values of `#` and `&` conditions. */
type TagLists = Readonly<Record<"#" | "&", Map<string, ReadonlySet<string>>>>;

/** The `#` conditions without the values that `&` demands anyway, which count once (NIP-91). */
function alternatives({ "#": some, "&": all }: TagLists): TagSets {
  const rest = new Map<string, ReadonlySet<string>>();
  for (const [letter, values] of some) {
    const others = [...values].filter((value) => !all.get(letter)?.has(value));
    if (others.length > 0 || values.size === 0) rest.set(letter, new Set(others));
  }
  return rest;
}

function readCondition(
  filter: Mutable<Filter>,
  lists: TagLists,
  key: string,
  condition: unknown,
): string | undefined {
  switch (key) {
    case "ids":
    case "authors":
      if (!isListOf(condition, isHex32)) return `invalid: ${key} must be 64-digit lower-case hex`;
      filter[key] = new Set(condition);
      return undefined;
    case "kinds":
      if (!isListOf(condition, isKind)) return "invalid: kinds must be integers from 0 to 65535";
      filter.kinds = new Set(condition);
      return undefined;
    case "search":
      return readSearch(filter, condition);
    case "since":
    case "until":
    case "limit":
      if (!isCount(condition)) return `invalid: ${key} must be an integer, not negative`;
      filter[key] = condition + 0; // JSON's -0 becomes 0
      return undefined;
    default:
      return readTagCondition(lists, key, condition);
  }
}

function readSearch(filter: Mutable<Filter>, condition: unknown): string | undefined {
  if (!isText(condition)) return "invalid: search must be a string";
  const search = parseSearch(condition);
  if (!search.ok) return search.reason;
  if (search.value) filter.search = search.value;
  return undefined;
}

function readTagCondition(lists: TagLists, key: string, condition: unknown): string | undefined {
  const [sign, letter] = [key.charAt(0), key.slice(1)];
  if ((sign !== "#" && sign !== "&") || !isTagLetter(letter)) {
    return "unsupported: filter contains unknown elements";
  }
  if (!isListOf(condition, isText)) return `invalid: ${key} must be a list of strings`;
  if ((letter === "e" || letter === "p") && !condition.every(isHex32)) {
    return `invalid: ${key} must be 64-digit lower-case hex`;
  }
  lists[sign].set(letter, new Set(condition));
  return undefined;
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && isWellFormed(value);
}

function isKind(value: unknown): value is number {
  return isCount(value) && value <= MAX_KIND;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Bounds as a store can hold them: beyond {@link MAX_CREATED_AT} nothing exists. */
export function timeRange(filter: Filter): { readonly since: number; readonly until: number } {
  return {
    since: filter.since ?? 0,
    until: Math.min(filter.until ?? MAX_CREATED_AT, MAX_CREATED_AT),
  };
}
