import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyKind, KIND_AUTH, type KindClass } from "../../src/nostr/kind.ts";

test("kinds fall into NIP-01's classes, at every border", () => {
  const kinds: Record<KindClass, readonly number[]> = {
    regular: [1, 2, 4, 41, 44, 45, 999, 1_000, 9_999, 40_000, 65_535],
    replaceable: [0, 3, 10_000, 19_999],
    ephemeral: [20_000, 21_059, KIND_AUTH, 29_999],
    addressable: [30_000, 39_999],
  };
  for (const [expected, members] of Object.entries(kinds)) {
    for (const kind of members) assert.equal(classifyKind(kind), expected, `kind ${kind}`);
  }
});
