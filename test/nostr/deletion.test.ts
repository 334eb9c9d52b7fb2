import assert from "node:assert/strict";
import { test } from "node:test";
import { deletionOf, isDeletable, ownersOf } from "../../src/nostr/deletion.ts";
import { key, madeUp } from "./arbitrary.ts";

const request = (...tags: readonly string[][]) =>
  deletionOf(madeUp({ kind: 5, created_at: 7, tags }));

test("only a kind 5 deletes", () => {
  assert.equal(deletionOf(madeUp({ tags: [["e", key(1)]] })), undefined);
  const nothing = { author: key(1), ids: [], addresses: [], until: 7 };
  assert.deepEqual(request(), nothing);
  assert.deepEqual(request(["e"], ["e", key(1).slice(1)], ["a"], ["p", key(1)], []), nothing);
});

test("ids and addresses are read, each once", () => {
  const long = `30023:${key(1)}:a:b`;
  const profile = `0:${key(1)}:`;
  const deletion = request(["e", key(3)], ["e", key(3)], ["a", long], ["a", profile], ["a", long]);
  assert.deepEqual(deletion?.ids, [key(3)]);
  assert.deepEqual(deletion?.addresses, [
    { kind: 30_023, pubkey: key(1), identifier: "a:b" },
    { kind: 0, pubkey: key(1), identifier: "" },
  ]);
});

test("addresses of others and of what has no versions are left out", () => {
  const values = [
    `0:${key(2)}:`,
    `1:${key(1)}:`,
    `5:${key(1)}:`,
    `20000:${key(1)}:`,
    `3:${key(1)}:d`,
  ];
  assert.deepEqual(request(...values.map((value) => ["a", value]))?.addresses, []);
});

test("requests stay in force; gift wraps belong to their recipients, too", () => {
  assert.deepEqual([1, 5, 62, 1059].map(isDeletable), [true, false, false, true]);
  const tags = [
    ["p", key(2)],
    ["p", key(2)],
    ["p", "x"],
    ["P", key(3)],
  ];
  assert.deepEqual(ownersOf(madeUp({ kind: 1059, tags })), [key(1), key(2)]);
  assert.deepEqual(ownersOf(madeUp({ kind: 1, tags })), [key(1)]);
});
