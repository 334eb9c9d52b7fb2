import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer } from "../../src/channel.ts";
import type { EventTemplate } from "../../src/nostr/event.ts";
import { reasonOf } from "../../src/nostr/verdict.ts";
import { limitsPolicy } from "../../src/policy/limits.ts";
import type { Limits } from "../../src/policy.ts";
import { Author, CONFORMANCE_LIMITS, NOW } from "../relay/conformance/session.ts";
import { fixedClock } from "../relay/setup.ts";

const author = new Author();
const peer: Peer = { address: "192.0.2.1", pubkeys: new Set() };

function write(template: Partial<EventTemplate>, limits: Partial<Limits> = {}): string {
  const policy = limitsPolicy({ ...CONFORMANCE_LIMITS, ...limits }, fixedClock);
  const verdict = policy.write?.(author.sign(template), peer);
  assert(verdict && !(verdict instanceof Promise));
  if (verdict.accepted) return "";
  assert(!("shadow" in verdict));
  return reasonOf(verdict);
}

test("tags are counted", () => {
  const tags = [["t"], ["t"], ["t"]];
  assert.equal(write({ tags }, { maxEventTags: 3 }), "");
  assert.equal(write({ tags }, { maxEventTags: 2 }), "invalid: an event may have at most 2 tags");
});

test("content is measured in Unicode characters", () => {
  for (const content of ["abcd", "😀😀😀😀", "a😀é漢", "", "e\u0301e\u0301"]) {
    assert.equal(write({ content }, { maxContentLength: 4 }), "");
  }
  for (const content of ["abcde", "😀😀😀😀😀", "a".repeat(9), "😀😀😀ab"]) {
    assert.equal(
      write({ content }, { maxContentLength: 4 }),
      "invalid: content may have at most 4 characters",
    );
  }
});

test("created_at has bounds on both sides, inclusive", () => {
  const limits = { createdAtLowerLimit: 100, createdAtUpperLimit: 10 };
  assert.equal(write({ created_at: NOW - 100 }, limits), "");
  assert.equal(write({ created_at: NOW + 10 }, limits), "");
  assert.match(write({ created_at: NOW - 101 }, limits), /^invalid: .*past/);
  assert.match(write({ created_at: NOW + 11 }, limits), /^invalid: .*future/);
});

test("a lower limit of 0 takes events of any age", () => {
  assert.equal(write({ created_at: 0 }, { createdAtLowerLimit: 0 }), "");
});

test("work is demanded in zero bits of the id", () => {
  assert.equal(write({}, { minPowDifficulty: 0 }), "");
  assert.match(write({}, { minPowDifficulty: 256 }), /^pow: difficulty \d+ is less than 256$/);
  let nonce = 0;
  const difficult = () => write({ tags: [["nonce", `${nonce++}`, "4"]] }, { minPowDifficulty: 4 });
  while (difficult() !== "") assert(nonce < 1_000);
});
