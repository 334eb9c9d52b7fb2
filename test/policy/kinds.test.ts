import assert from "node:assert/strict";
import { test } from "node:test";
import type { Filter } from "../../src/nostr/filter.ts";
import { isKindRange, Kinds } from "../../src/policy/kinds.ts";

const EVERY = ["0-65535"];
const filter = (kinds?: number[]): Filter => ({
  tags: new Map(),
  ...(kinds ? { kinds: new Set(kinds) } : {}),
});

test("kinds and ranges are inclusive, exceptions win", () => {
  const kinds = new Kinds([1, "10-12", "40000-65535"], [11, "50000-60000"]);
  for (const kind of [1, 10, 12, 40_000, 49_999, 60_001, 65_535])
    assert(kinds.has(kind), `${kind}`);
  for (const kind of [0, 2, 9, 11, 13, 50_000, 60_000]) assert(!kinds.has(kind), `${kind}`);
});

test("what is neither a kind nor a range is known", () => {
  for (const range of [0, 65_535, "0-0", "7-65535"]) assert(isKindRange(range), `${range}`);
  for (const range of [-1, 65_536, 1.5, "", "1", "1-", "-1", "2-1", "1-65536", " 1-2", "1-2-3"]) {
    assert(!isKindRange(range), `${range}`);
  }
});

test("where every kind is in, filters stay as they are", () => {
  const asked = filter();
  const kinds = new Kinds(EVERY, []);
  assert.equal(kinds.isComplete, true);
  assert.equal(kinds.narrow(asked), asked);
});

test("a filter is narrowed by the shorter list", () => {
  const few = new Kinds([1, 7], []);
  const most = new Kinds(EVERY, [4]);
  assert.equal(few.isComplete || most.isComplete, false);
  assert.deepEqual(few.narrow(filter()), filter([1, 7]));
  assert.deepEqual(few.narrow(filter([1, 4])), filter([1]));
  assert.deepEqual(few.narrow(filter([4])), filter([]));
  assert.deepEqual(most.narrow(filter()), { ...filter(), exceptKinds: new Set([4]) });
  assert.deepEqual(most.narrow(filter([1, 4])), filter([1]));
});
