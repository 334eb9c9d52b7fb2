import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IdSet } from "../../src/nostr/id-set.ts";
import type { EventId } from "../../src/nostr/key.ts";
import type { Place } from "../../src/store.ts";
import { newestFirst } from "./reconcile.ts";

/** Few seconds and similar ids, so that bounds need whole ids. */
const place: fc.Arbitrary<Place> = fc
  .record({
    created_at: fc.constantFrom(0, 1, 2, 2 ** 33 - 1),
    bytes: fc.tuple(fc.constantFrom(0, 1, 255), fc.constantFrom(0, 255), fc.constantFrom(0, 1, 2)),
  })
  .map(({ created_at, bytes: [first, middle, last] }) => {
    const id = Uint8Array.of(first, ...Array<number>(30).fill(middle), last);
    return { created_at, id: Buffer.from(id).toString("hex") as EventId };
  });
const places = fc.uniqueArray(place, {
  selector: ({ created_at, id }) => `${created_at} ${id}`,
  maxLength: 72,
  size: "max",
});

function build(records: readonly Place[]): IdSet {
  const set = new IdSet();
  for (const one of newestFirst(records)) set.add(one);
  set.seal();
  return set;
}

const ascending = (records: readonly Place[]) =>
  [...records].sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("records stand in ascending order, whatever their seconds", () => {
  fc.assert(
    fc.property(places, (records) => {
      const set = build(records);
      assert.equal(set.length, records.length);
      const expected = ascending(records).map(({ id }) => id);
      assert.equal(hex(set.ids(0, set.length)), expected.join(""));
    }),
    { numRuns: 50 },
  );
});

test("the sum of any stretch is that of its little-endian ids, modulo 2^256", () => {
  const value = (bytes: Uint8Array) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
  fc.assert(
    fc.property(places, fc.nat(72), fc.nat(72), (records, a, b) => {
      const set = build(records);
      const [from, to] = [Math.min(a, b, set.length), Math.min(Math.max(a, b), set.length)];
      let expected = 0n;
      for (const { id } of ascending(records).slice(from, to)) {
        expected += value(Buffer.from(id, "hex"));
      }
      assert.equal(value(set.sum(from, to)), expected % 2n ** 256n);
    }),
    { numRuns: 200 },
  );
});

test("the bound at a record is the shortest that parts it from the one before", () => {
  fc.assert(
    fc.property(places, (records) => {
      const set = build(records);
      for (let index = 0; index < set.length; index += 1) {
        const bound = set.boundAt(index);
        assert.equal(set.countBelow(bound), index);
        if (index === 0 || bound.idPrefix.length === 0) continue;
        const shorter = { ...bound, idPrefix: bound.idPrefix.subarray(0, -1) };
        assert.ok(set.countBelow(shorter) < index);
      }
    }),
    { numRuns: 50 },
  );
});

test("nothing lies below zero, everything below infinity", () => {
  const idPrefix = new Uint8Array();
  const set = build([{ created_at: 0, id: "00".repeat(32) as EventId }]);
  assert.equal(set.countBelow({ time: 0, idPrefix }), 0);
  assert.equal(set.countBelow({ time: 0, idPrefix: new Uint8Array(32) }), 0);
  assert.equal(set.countBelow({ time: Number.POSITIVE_INFINITY, idPrefix }), 1);
  assert.equal(new IdSet().countBelow({ time: 1, idPrefix }), 0);
});
