import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import { type Bound, IdSet } from "../../src/nostr/id-set.ts";
import { answerNegentropy, fingerprintOf } from "../../src/nostr/negentropy.ts";
import { encodeRanges, parseRanges, type Range } from "../../src/nostr/negentropy-message.ts";
import type { Place } from "../../src/store.ts";
import { newestFirst, reconcile, record, sortedIds } from "./reconcile.ts";

const crypto = createNodeCrypto();
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (message: Uint8Array) => Buffer.from(message).toString("hex");
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => record(from + index));

function setOf(records: Iterable<Place>): IdSet {
  const set = new IdSet();
  for (const one of newestFirst(records)) set.add(one);
  set.seal();
  return set;
}

function answer(message: Uint8Array, own: IdSet, maxLength = 60_000): Uint8Array {
  const answered = answerNegentropy(message, own, maxLength, crypto);
  assert(answered.ok);
  return answered.value;
}

/** A bound's parts as the NIP spells them. */
const end = (time: number, prefix = ""): Bound => ({ time, idPrefix: bytes(prefix) });
const INFINITY = Number.POSITIVE_INFINITY;

describe("messages", () => {
  const id = "ab".repeat(32);
  const fingerprint = bytes("cd".repeat(16));
  const cases: readonly [name: string, ranges: readonly Range[], hex: string][] = [
    ["nothing", [], "61"],
    ["a skip at the end goes without saying", [{ mode: "skip", end: end(5) }], "61"],
    ["no ids up to infinity", [{ mode: "ids", end: end(INFINITY), ids: bytes("") }], "6100000200"],
    ["one id", [{ mode: "ids", end: end(INFINITY), ids: bytes(id) }], `6100000201${id}`],
    [
      "times are offsets from the one before, plus one",
      [
        { mode: "skip", end: end(126) },
        { mode: "fingerprint", end: end(126, "ff"), fingerprint },
        { mode: "fingerprint", end: end(253), fingerprint },
        { mode: "fingerprint", end: end(INFINITY), fingerprint },
      ],
      `617f00000101ff01${"cd".repeat(16)}81000001${"cd".repeat(16)}000001${"cd".repeat(16)}`,
    ],
    [
      "several digits, the highest first",
      [{ mode: "ids", end: end(16_383 + 127 - 127, id), ids: bytes("") }],
      `61818000 20 ${id} 02 00`.replaceAll(" ", ""),
    ],
    [
      "a time beyond 32 bits",
      [{ mode: "ids", end: end(2 ** 40), ids: bytes("") }],
      "61a0808080800100 02 00".replaceAll(" ", ""),
    ],
  ];
  for (const [name, ranges, expected] of cases) {
    test(name, () => {
      assert.equal(hex(encodeRanges(ranges)), expected);
      const read = parseRanges(bytes(expected));
      const [last] = ranges;
      const spoken = ranges.length === 1 && last?.mode === "skip" ? [] : ranges;
      assert.deepEqual(read, { ok: true, value: spoken });
    });
  }

  const damaged: readonly [name: string, hex: string][] = [
    ["a bound without an end", "6181"],
    ["a range without a mode", "610000"],
    ["an unknown mode", "61000003"],
    ["half a fingerprint", `61000001${"00".repeat(15)}`],
    ["fewer ids than announced", `6100000202${"00".repeat(63)}`],
    ["more ids than there can be", "610000028fffffffffffff7f"],
    ["an id of 33 bytes in a bound", `610121${"00".repeat(33)}00`],
    ["a varint that is too long", "6180000000"],
    ["a varint that JavaScript cannot hold", "61ffffffffffffffffff7f0000"],
    ["times that add up to more than JavaScript can hold", "61 8fffffffffffff7f 00 00 03 00 00"],
    ["ranges that go back", "61 05 01 02 00 01 01 01 00"],
  ];
  for (const [name, message] of damaged) {
    test(`refused: ${name}`, () => {
      assert.equal(parseRanges(bytes(message.replaceAll(" ", ""))).ok, false);
    });
  }

  test("no bytes are too strange", () => {
    const start = fc.constantFrom([0x61], [0x61, 0, 0, 1], [0x61, 0, 0, 2], []);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, tail) => {
        const message = Uint8Array.of(...head, ...tail);
        const answered = answerNegentropy(message, setOf(numbered(0, 40)), 4096, crypto);
        if (answered.ok) assert.ok(answered.value.length <= 4096);
      }),
      { numRuns: 500 },
    );
  });
});

describe("fingerprints", () => {
  test("are of the sum and the number of the ids", () => {
    for (const size of [0, 1, 2, 200]) {
      const records = numbered(0, size);
      const little = (id: string) => BigInt(`0x${hex(bytes(id).reverse())}`);
      const sum = records.reduce((all, { id }) => all + little(id), 0n) % 2n ** 256n;
      const sumBytes = bytes(sum.toString(16).padStart(64, "0")).reverse();
      const count = size < 128 ? [size] : [128 + (size >> 7), size & 127];
      const hash = createHash("sha256").update(sumBytes).update(Uint8Array.from(count)).digest();
      const own = setOf(records);
      assert.equal(hex(fingerprintOf(own, 0, size, crypto)), hex(hash.subarray(0, 16)));
    }
  });
});

describe("answers", () => {
  test("another version is told ours; what is no negentropy is refused", () => {
    assert.equal(hex(answer(bytes("62ffff"), setOf([]))), "61");
    assert.equal(hex(answer(bytes("60"), setOf([]))), "61");
    for (const message of ["", "00", "5f", "70", "ff"]) {
      assert.equal(answerNegentropy(bytes(message), setOf([]), 4096, crypto).ok, false);
    }
  });

  test("the same fingerprint is skipped, another one is split", () => {
    const own = setOf(numbered(0, 100));
    const ask = (fingerprint: Uint8Array) =>
      answer(encodeRanges([{ mode: "fingerprint", end: end(INFINITY), fingerprint }]), own);
    assert.equal(hex(ask(fingerprintOf(own, 0, 100, crypto))), "61");
    const ranges = parseRanges(ask(new Uint8Array(16)));
    assert(ranges.ok);
    assert.deepEqual(
      ranges.value.map(({ mode }) => mode),
      Array(16).fill("fingerprint"),
    );
    assert.equal(ranges.value.at(-1)?.end.time, INFINITY);
  });

  test("ids are answered by ids, and their range ends where the question's did", () => {
    const records = numbered(0, 9);
    const until = end(record(3).created_at);
    const message = encodeRanges([{ mode: "ids", end: until, ids: bytes("") }]);
    const ranges = parseRanges(answer(message, setOf(records)));
    const ids = bytes(sortedIds(records.slice(0, 3)).join(""));
    assert.deepEqual(ranges, { ok: true, value: [{ mode: "ids", end: until, ids }] });
  });

  test("no answer is longer than it may be, and nothing is lost by that", async () => {
    const [ours, theirs] = [numbered(0, 3000), numbered(2500, 4000)];
    const own = setOf(ours);
    const { have, need, rounds } = await reconcile(theirs, (message) => {
      const answered = answer(bytes(message), own, 4096);
      assert.ok(answered.length <= 4096, `${answered.length}`);
      return hex(answered);
    });
    assert.deepEqual(have, sortedIds(numbered(3000, 4000)));
    assert.deepEqual(need, sortedIds(numbered(0, 2500)));
    assert.ok(rounds > 10);
  });
});

test("nostr-tools finds exactly what the two sides do not share", async () => {
  const side = fc.constantFrom("ours", "theirs", "both", "both", "both");
  await fc.assert(
    fc.asyncProperty(fc.array(side, { maxLength: 400, size: "max" }), async (sides) => {
      const of = (...wanted: readonly string[]) =>
        sides.flatMap((one, n) => (wanted.includes(one) ? [record(n)] : []));
      const own = setOf(of("ours", "both"));
      const difference = await reconcile(of("theirs", "both"), (message) =>
        hex(answer(bytes(message), own)),
      );
      assert.deepEqual(difference.have, sortedIds(of("theirs")));
      assert.deepEqual(difference.need, sortedIds(of("ours")));
    }),
    { numRuns: process.env["SLOW"] ? 1000 : 50 },
  );
});
