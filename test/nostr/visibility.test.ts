import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchFilter } from "../../src/nostr/filter.ts";
import {
  isGuardedFilter,
  isVisible,
  narrowFilter,
  recipientsOf,
  type View,
} from "../../src/nostr/visibility.ts";
import { arbitraryEvent, arbitraryFilter, arbitraryView, key, madeUp } from "./arbitrary.ts";

const view = (now: number, ...readers: readonly number[]): View => ({
  now,
  readers: new Set(readers.map(key)),
});

test("gift wraps, stored and ephemeral, are visible to their recipients only", () => {
  for (const kind of [1059, 21_059]) {
    const wrap = madeUp({
      kind,
      pubkey: key(3),
      tags: [
        ["p", key(1)],
        ["p", key(2)],
      ],
    });
    const seen = [[], [1], [2], [3], [3, 2]].map((readers) => isVisible(wrap, view(0, ...readers)));
    assert.deepEqual(seen, [false, true, true, false, true]);
  }
  assert.equal(isVisible(madeUp({ kind: 1058 }), view(0)), true);
});

test("an expired gift wrap is visible to nobody", () => {
  const tags = [
    ["p", key(1)],
    ["expiration", "5"],
  ];
  const wrap = madeUp({ kind: 1059, tags });
  assert.deepEqual(
    [4, 5].map((now) => isVisible(wrap, view(now, 1))),
    [true, false],
  );
});

test("recipients are whole keys in p tags, each once", () => {
  const tags = [
    ["p", key(1)],
    ["p", key(1), "x"],
    ["p"],
    ["p", "x"],
    ["P", key(2)],
    ["pp", key(2)],
  ];
  assert.deepEqual(recipientsOf(madeUp({ tags })), [key(1)]);
});

test("a filter is guarded if it asks for gift wraps and nothing else", () => {
  const guarded = (kinds?: readonly number[]) =>
    isGuardedFilter({ tags: new Map(), ...(kinds ? { kinds: new Set(kinds) } : {}) });
  assert.deepEqual([[1059], [21_059], [1059, 21_059]].map(guarded), [true, true, true]);
  assert.deepEqual([undefined, [], [1], [1, 1059]].map(guarded), [false, false, false, false]);
});

test("narrowing says what the view implies, and takes nothing away", () => {
  const filter = { kinds: new Set([1059]), tags: new Map() };
  assert.deepEqual(narrowFilter(filter, view(0, 1)).tags.get("p"), new Set([key(1)]));
  const property = fc.property(
    arbitraryEvent,
    arbitraryView,
    fc.oneof(arbitraryFilter([]), fc.constant(filter)),
    (event, someView, someFilter) => {
      fc.pre(isVisible(event, someView));
      const narrow = narrowFilter(someFilter, someView);
      assert.equal(matchFilter(narrow, event), matchFilter(someFilter, event));
    },
  );
  fc.assert(property, { numRuns: process.env["SLOW"] ? 20_000 : 500 });
});
