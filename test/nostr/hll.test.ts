import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import { HyperLogLog, hllOffset } from "../../src/nostr/hll.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import { key } from "./arbitrary.ts";

const crypto = createNodeCrypto();
const tags = (...conditions: readonly (readonly [string, readonly string[]])[]): Filter => ({
  tags: new Map(conditions.map(([letter, values]) => [letter, new Set(values)])),
});
const offsetOf = (value: string) => hllOffset(tags(["e", [value]]), crypto);

/** The registers as NIP-45 describes them, by way of strings of binary digits. */
function registersOf(authors: readonly string[], offset: number): string {
  const registers = new Map<string, number>();
  for (const author of authors) {
    const register = author.slice(2 * offset, 2 * offset + 2);
    const bits = [...author.slice(2 * offset + 2)]
      .map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0"))
      .join("");
    const zeros = (/^0*/.exec(bits)?.[0] ?? "").length;
    registers.set(register, Math.max(registers.get(register) ?? 0, zeros + 1));
  }
  let hex = "";
  for (let register = 0; register < 256; register += 1) {
    const name = register.toString(16).padStart(2, "0");
    hex += (registers.get(name) ?? 0).toString(16).padStart(2, "0");
  }
  return hex;
}

describe("hllOffset", () => {
  // The digit at position 32, counted from 0, stands between two digits that would show a slip.
  const hex = (digit: string) => `${"f".repeat(32)}${digit}${"f".repeat(31)}`;

  it("is hex digit 32 of an id or key, plus 8", () => {
    assert.deepEqual(["0", "1", "9", "a", "f"].map(hex).map(offsetOf), [8, 9, 17, 18, 23]);
  });

  it("takes the key of an address", () => {
    assert.equal(offsetOf(`30023:${hex("3")}:a:b`), 11);
    assert.equal(offsetOf(`3:${hex("4")}:`), 12);
  });

  it("hashes all else", () => {
    const values = [
      "",
      "nostr",
      "日本",
      hex("A"),
      `x:${hex("3")}:`,
      `1:${hex("3")}`,
      `${hex("0")}0`,
    ];
    for (const value of values) {
      const hash = createHash("sha256").update(value).digest("hex");
      assert.equal(offsetOf(value), Number.parseInt(hash[32] ?? "", 16) + 8, value);
    }
  });

  it("looks at the first value of the first tag condition", () => {
    const filter = tags(["p", [hex("5"), hex("6")]], ["e", [hex("7")]]);
    assert.equal(hllOffset(filter, crypto), 13);
  });

  it("is undefined without a tag condition, or with one that has no value", () => {
    assert.equal(hllOffset(tags(), crypto), undefined);
    assert.equal(hllOffset({ ...tags(), kinds: new Set([1]) }, crypto), undefined);
    assert.equal(hllOffset(tags(["e", []], ["p", [hex("5")]]), crypto), undefined);
  });
});

describe("HyperLogLog", () => {
  const run = (authors: readonly string[], offset: number) => {
    const registers = new HyperLogLog(offset);
    for (const author of authors) registers.add(author as PublicKey);
    return registers.hex;
  };

  it("begins with 256 zeros", () => {
    assert.equal(run([], 8), "00".repeat(256));
  });

  it("counts the zero bits behind the register's byte, plus one", () => {
    const author = `${"f".repeat(16)}02${"0".repeat(6)}1${"f".repeat(39)}`;
    assert.equal(author.length, 64);
    const expected = `0000${(6 * 4 + 3 + 1).toString(16).padStart(2, "0")}${"00".repeat(253)}`;
    assert.equal(run([author], 8), expected);
  });

  it("survives a key of zeros", () => {
    const expected = (offset: number) => (8 * (31 - offset) + 1).toString(16).padStart(2, "0");
    for (const offset of [8, 23]) {
      assert.equal(run(["0".repeat(64)], offset), expected(offset) + "00".repeat(255));
    }
  });

  it("equals an independent computation, in any order, however often", () => {
    const digits = fc.array(fc.constantFrom(..."00000001f"), { minLength: 64, maxLength: 64 });
    const author = fc.oneof(
      fc.nat().map((n): string => key(n)),
      digits.map((list) => list.join("")),
    );
    fc.assert(
      fc.property(
        fc.array(author, { maxLength: 300 }),
        fc.integer({ min: 8, max: 23 }),
        (list, n) => {
          assert.equal(run(list, n), registersOf(list, n));
          assert.equal(run([...list, ...list].reverse(), n), registersOf(list, n));
        },
      ),
      { numRuns: process.env["SLOW"] ? 1_000 : 50 },
    );
  });

  it("gives a fair estimate", () => {
    const authors = Array.from({ length: 10_000 }, (_, n) => key(n));
    const registers = Buffer.from(run(authors, 16), "hex");
    const alpha = 0.7213 / (1 + 1.079 / 256);
    const estimate = (alpha * 256 ** 2) / registers.reduce((sum, rank) => sum + 2 ** -rank, 0);
    assert.ok(Math.abs(estimate - 10_000) < 2_000, `${estimate}`);
  });
});
