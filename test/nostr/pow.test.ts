import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tag } from "../../src/nostr/event.ts";
import { isEventId } from "../../src/nostr/key.ts";
import { difficultyOf } from "../../src/nostr/pow.ts";

function difficulty(start: string, ...tags: Tag[]): number {
  const id = start.padEnd(64, "f");
  assert(isEventId(id));
  return difficultyOf({ id, tags });
}

test("leading zero bits of the id are counted", () => {
  const cases = [
    ["f", 0],
    ["8", 0],
    ["7", 1],
    ["3", 2],
    ["1", 3],
    ["0f", 4],
    ["01", 7],
    ["000006d8", 21], // NIP-13's example
    ["002f", 10], // NIP-13's other one
    ["0".repeat(64), 256],
  ] as const;
  for (const [start, bits] of cases) assert.equal(difficulty(start), bits, start);
});

test("a committed target bounds what luck has given", () => {
  assert.equal(difficulty("0000f", ["nonce", "1", "10"]), 10);
  assert.equal(difficulty("0000f", ["nonce", "1", "16"]), 16);
  assert.equal(difficulty("0000f", ["nonce", "1", "20"]), 16);
  assert.equal(difficulty("0000f", ["nonce", "1", "0"]), 0);
  assert.equal(difficulty("0000f", ["t", "1", "2"], ["nonce", "1", "3"], ["nonce", "1", "9"]), 3);
});

test("what is no target commits to nothing", () => {
  for (const tag of [["nonce"], ["nonce", "1"], ["nonce", "1", ""], ["nonce", "1", "-5"]]) {
    assert.equal(difficulty("0000f", tag), 16, JSON.stringify(tag));
  }
});
