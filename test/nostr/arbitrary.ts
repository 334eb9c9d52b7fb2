/**
 * Made-up events and filters for tests: drawn from small pools, so that most filters match some
 * events, many events tie, and every odd value meets every other.
 */

import { createHash } from "node:crypto";
import fc, { type Arbitrary } from "fast-check";
import {
  identifierOf,
  MAX_CREATED_AT,
  type NostrEvent,
  type VerifiedEvent,
} from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import type { EventId, PublicKey } from "../../src/nostr/key.ts";
import { parseSearch } from "../../src/nostr/search.ts";
import type { View } from "../../src/nostr/visibility.ts";
import type { StoredFilter } from "../../src/store.ts";

/** Mints a `VerifiedEvent` without a signature; only tests may. */
export function unverified(event: NostrEvent): VerifiedEvent {
  const { id, pubkey, created_at, kind, tags, content, sig } = event;
  const json = JSON.stringify({ id, pubkey, created_at, kind, tags, content, sig });
  return Object.freeze({ ...event, json }) as VerifiedEvent;
}

/** An event with the given fields; the rest is made up, the id is the hash of it all. */
export function madeUp(fields: Partial<NostrEvent> = {}): VerifiedEvent {
  const template = { pubkey: key(1), created_at: 1000, kind: 1, tags: [], content: "", ...fields };
  const { pubkey, created_at, kind, tags, content } = template;
  const id = sha256(JSON.stringify([0, pubkey, created_at, kind, tags, content])) as EventId;
  return unverified({ id, ...template, sig: "0".repeat(128) });
}

/** The n-th made-up public key. */
export function key(n: number): PublicKey {
  return sha256(`key ${n}`) as PublicKey;
}

const KEYS = [1, 2, 3, 4].map(key);
const KINDS = [
  ...[0, 1, 1, 3, 7, 40, 41, 1059, 1059, 1059, 9999, 10_000],
  ...[19_999, 30_000, 30_023, 39_999, 40_000, 65_535],
];
const SECONDS = [0, 1, 2, 3, 4, 5, MAX_CREATED_AT];
const BOUNDS = [0, 5, MAX_CREATED_AT, Number.MAX_SAFE_INTEGER];
const LETTERS = ["d", "d", "d", "t", "t", "a", "A", "e", "p", "Z"];
const HEX = "ab".repeat(32);
const VALUES = [
  ...KEYS,
  HEX,
  HEX.toUpperCase(),
  HEX.slice(2),
  "",
  "\0",
  "\0a",
  "a\0b",
  "a",
  "A",
  "1",
  "1.0",
  "é",
  "e\u0301",
  "日本",
  "😀",
  "\uffff",
  '"\\',
  "%_*",
];

const CONTENTS = [
  ...[
    "",
    "\0",
    "one",
    "two",
    "one two",
    "two one",
    "ones and twos, one",
    "ONE",
    "東京都",
    "京都と東京",
  ],
  ...["😀👍🏽", '{"name":"one","about":"two"}', "İstanbul", "ıstanbul'da", "العَرَبِيَّة", "a"],
];
const SEARCHES = [
  ...["one", "one two", "on", "京都", "京", "東京都", "👍", "istanbul", "العربية", "a", "!"],
].flatMap((query) => {
  const search = parseSearch(query);
  return search.ok && search.value ? [search.value] : [];
});

/** Some that mean nothing are among them. */
const EXPIRATIONS = ["0", "1", "2", "03", "4", `${MAX_CREATED_AT}`, `${MAX_CREATED_AT + 1}`, "-1"];

const tag: Arbitrary<readonly string[]> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constantFrom(...LETTERS), fc.constantFrom(...VALUES)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("p"), fc.constantFrom(...KEYS)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("expiration"), fc.constantFrom(...EXPIRATIONS)) },
  { weight: 1, arbitrary: fc.constantFrom([], [""], ["d"], ["t"], ["t", "a", "1"], ["tt", "a"]) },
);

/** Events of all storable kinds. */
export const arbitraryEvent: Arbitrary<VerifiedEvent> = fc
  .record({
    pubkey: fc.constantFrom(...KEYS),
    created_at: fc.constantFrom(...SECONDS),
    kind: fc.constantFrom(...KINDS),
    tags: fc.array(tag, { maxLength: 8, size: "max" }),
    content: fc.constantFrom(...CONTENTS),
  })
  .map(madeUp);

/** Requests to delete some of those events, meaningless references, and now and then to vanish. */
export function arbitraryRequest(events: readonly NostrEvent[]): Arbitrary<VerifiedEvent> {
  const targets = fc.constantFrom(...events);
  const reference = fc.oneof(
    { weight: 4, arbitrary: targets.map(({ id }) => ["e", id]) },
    { weight: 4, arbitrary: targets.map((event) => ["a", addressText(event)]) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(["e"], ["a"], ["e", HEX], ["a", `1:${HEX}:`], ["t", "a"]),
    },
  );
  const common = { pubkey: fc.constantFrom(...KEYS), tags: fc.array(reference, { maxLength: 4 }) };
  const early = fc.constantFrom(0, 0, 1, 2, 3);
  return fc
    .oneof(
      { weight: 40, arbitrary: fc.record({ ...common, kind: fc.constant(5), created_at: early }) },
      {
        weight: 1,
        arbitrary: fc.record({ ...common, kind: fc.constant(62), created_at: fc.constant(1) }),
      },
    )
    .map(madeUp);
}

/** What an `a` tag says of an event, of any kind. */
function addressText(event: NostrEvent): string {
  return `${event.kind}:${event.pubkey}:${identifierOf(event)}`;
}

/** Readers of those events, at times when some of them have expired. */
export const arbitraryView: Arbitrary<View> = fc.record({
  now: fc.constantFrom(0, 1, 2, 3, 4),
  readers: fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 3 }).map((keys) => new Set(keys)),
});

/** Filters for those events, as stores are asked; `ids` are taken from `events`. */
export function arbitraryFilter(events: readonly NostrEvent[]): Arbitrary<StoredFilter> {
  const ids = events.length === 0 ? [HEX] : events.map(({ id }) => id);
  return fc
    .record({
      ids: sometimes(6, setOf(ids, 12)),
      authors: sometimes(3, setOf(KEYS, 4)),
      kinds: sometimes(3, setOf(KINDS, 6)),
      exceptKinds: sometimes(8, setOf(KINDS, 6)),
      since: sometimes(4, fc.constantFrom(0, 1, 1, 2, 2, 3, ...BOUNDS)),
      until: sometimes(4, fc.constantFrom(3, 3, 4, 4, 5, ...BOUNDS)),
      limit: sometimes(2, fc.nat({ max: 12 })),
      search: sometimes(8, fc.constantFrom(...SEARCHES)),
      surplus: sometimes(3, fc.nat({ max: 12 })),
      tags: fc
        .oneof({ weight: 3, arbitrary: tagSets(0) }, { weight: 2, arbitrary: tagSets(2) })
        .map((pairs) => new Map(pairs)),
      allTags: sometimes(
        6,
        tagSets(2, 3).map((pairs) => new Map(pairs)),
      ),
    })
    .map(withoutUndefined);
}

function tagSets(
  maxLength: number,
  maxValues = 8,
): Arbitrary<(readonly [string, ReadonlySet<string>])[]> {
  return fc.array(fc.tuple(fc.constantFrom(...LETTERS), setOf(VALUES, maxValues)), { maxLength });
}

function setOf<T>(values: readonly T[], maxLength: number): Arbitrary<ReadonlySet<T>> {
  const some = fc.array(fc.constantFrom(...values), { minLength: 1, maxLength, size: "max" });
  const none = { weight: 1, arbitrary: fc.constant<T[]>([]) };
  return fc.oneof({ weight: 40, arbitrary: some }, none).map((items) => new Set(items));
}

/** Present in one of so many cases. */
function sometimes<T>(cases: number, arbitrary: Arbitrary<T>): Arbitrary<T | undefined> {
  const absent = { weight: cases - 1, arbitrary: fc.constant(undefined) };
  return fc.oneof(absent, { weight: 1, arbitrary });
}

function withoutUndefined(fields: { readonly tags: Filter["tags"] }): Filter {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as Filter;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
