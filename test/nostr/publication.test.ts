import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { judgePublication } from "../../src/nostr/publication.ts";
import { reasonOf } from "../../src/nostr/verdict.ts";
import { key, madeUp } from "./arbitrary.ts";

/** The refusal's prefix, or "accept". */
function judge(fields: Partial<NostrEvent>, ...publishers: readonly number[]): string {
  const verdict = judgePublication(madeUp(fields), {
    now: 100,
    publishers: new Set(publishers.map(key)),
    isOwnUrl: (url) => url === "ws://here",
  });
  return verdict.accepted ? "accept" : (reasonOf(verdict).split(":")[0] ?? "");
}

test("an event must not have expired", () => {
  const values = ["101", "100", "0", "x"].map((value) => judge({ tags: [["expiration", value]] }));
  assert.deepEqual(values, ["accept", "invalid", "invalid", "invalid"]);
});

test("a protected event comes from its author, among whoever else", () => {
  for (const tags of [
    [["-"]],
    [
      ["t", "x"],
      ["-", "y"],
    ],
  ]) {
    assert.equal(judge({ tags }), "auth-required");
    assert.equal(judge({ tags }, 2), "restricted");
    assert.equal(judge({ tags }, 2, 1), "accept");
  }
  assert.equal(judge({ tags: [["--"], ["x", "-"], [], [" -"]] }), "accept");
});

test("the author of a protected event may not repost it with its text either", () => {
  const content = madeUp({ tags: [["-"]] }).json;
  for (const kind of [6, 16]) assert.equal(judge({ kind, content }, 1), "invalid");
  assert.equal(judge({ kind: 1, content }, 1), "accept");
});

test("reposts are looked into as deep as they are meant, and no deeper", () => {
  let content = madeUp({ tags: [["-"]] }).json;
  for (let depth = 1; depth <= 8; depth++) {
    assert.equal(judge({ kind: 6, content }), "invalid", `depth ${depth}`);
    content = madeUp({ kind: 6, content }).json;
  }
  assert.equal(judge({ kind: 6, content }), "accept");
  assert.equal(judge({ kind: 6, content: "[".repeat(200_000) }), "accept");
  assert.equal(judge({ kind: 6, content: `${"[".repeat(5_000)}${"]".repeat(5_000)}` }), "accept");
});

test("a request to vanish names this relay, alone or among others, or all", () => {
  const vanish = (...urls: readonly string[]) =>
    judge({ kind: 62, tags: urls.map((url) => ["relay", url]) });
  for (const urls of [["ws://here"], ["ws://there", "ws://here"], ["ALL_RELAYS"]]) {
    assert.equal(vanish(...urls), "accept");
  }
  assert.deepEqual(
    [vanish("ws://there"), vanish(""), vanish("all_relays")],
    ["blocked", "blocked", "blocked"],
  );
  assert.equal(vanish(), "invalid");
  assert.equal(judge({ kind: 61, tags: [["relay", "ws://there"]] }), "accept");
});
