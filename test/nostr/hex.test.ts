import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOfHex, isHex } from "../../src/nostr/hex.ts";

test("hex digits are the bytes that were written so", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    const hex = Buffer.from(bytes).toString("hex");
    assert.ok(isHex(hex, 2 * bytes.length));
    assert.ok(!isHex(hex, 2 * bytes.length + 2));
    assert.deepEqual(bytesOfHex(hex), bytes);
  });
  fc.assert(property);
});

test("one character that is no lower-case hex digit is found wherever it stands", () => {
  const characters = [..."/:`gAF \0\x7f\x80é\u0130\u0660\ud83d"];
  for (const character of characters) {
    for (const at of [0, 1, 30, 31]) {
      const hex = `${"0".repeat(at)}${character}${"f".repeat(31 - at)}`;
      assert.ok(!isHex(hex, 32), JSON.stringify(hex));
      assert.throws(() => bytesOfHex(hex), RangeError, JSON.stringify(hex));
    }
  }
  assert.throws(() => bytesOfHex("abc"), RangeError);
});
