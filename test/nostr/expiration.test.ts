import assert from "node:assert/strict";
import { test } from "node:test";
import { expirationOf, isExpired, parseExpiration } from "../../src/nostr/expiration.ts";
import { madeUp } from "./arbitrary.ts";

const withValue = (value: string) => madeUp({ tags: [["expiration", value]] });

test("an event is expired from the very second on", () => {
  const event = withValue("100");
  assert.deepEqual(
    [99, 100, 101].map((now) => isExpired(event, now)),
    [false, true, true],
  );
  assert.equal(isExpired(madeUp(), Number.MAX_SAFE_INTEGER), false);
});

test("seconds from 0 to the newest time stamp are read", () => {
  for (const [value, seconds] of [
    ["0", 0],
    ["007", 7],
    ["8589934591", 2 ** 33 - 1],
  ] as const) {
    assert.deepEqual(parseExpiration(withValue(value)), { ok: true, value: seconds });
  }
});

test("whatever is no time is malformed, and no expiration", () => {
  for (const value of ["", "x", "-1", "+1", "1.0", "1e3", "0x1", " 1", "1 ", "٣", "8589934592"]) {
    assert.equal(parseExpiration(withValue(value)).ok, false, value);
    assert.equal(expirationOf(withValue(value)), undefined);
  }
  assert.equal(parseExpiration(madeUp({ tags: [["expiration"]] })).ok, false);
});
