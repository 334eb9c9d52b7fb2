/** The part of the conformance suite about views: what expires, and what is for somebody else. */

import assert from "node:assert/strict";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { askAs, filter, tagged } from "./ask.ts";
import type { Test } from "./conformance.ts";

const at = (now: number, ...readers: readonly number[]) => ({
  now,
  readers: new Set(readers.map(key)),
});
const expiring = (value: string, created_at = 0) =>
  madeUp({ created_at, tags: [["expiration", value]] });
const wrapFor = (reader: number, created_at: number) =>
  madeUp({ kind: 1059, created_at, pubkey: key(100 + created_at), tags: [["p", key(reader)]] });

export function viewing(test: Test): void {
  test("31: an event is gone in the very second of its expiration", async (store) => {
    const event = expiring("100");
    await store.insert([event]);
    assert.deepEqual(await askAs(at(99), store, {}), [event.id]);
    assert.equal(await store.count([filter({})], at(99)), 1);
    for (const now of [100, 101]) {
      assert.deepEqual(await askAs(at(now), store, {}), []);
      assert.deepEqual(await askAs(at(now), store, { ids: new Set([event.id]) }), []);
      assert.equal(await store.count([filter({})], at(now)), 0);
    }
    assert.deepEqual(await askAs(undefined, store, {}), [event.id]);
  });

  test("31: what an expiration says that is no time means nothing", async (store) => {
    const events = ["", "x", "-1", "1.5", "1e1", " 1", "1700000000000"].map((value, index) =>
      expiring(value, index),
    );
    await store.insert(events);
    assert.equal((await askAs(at(2 ** 33), store, {})).length, events.length);
  });

  test("31: limits count what is left", async (store) => {
    const events = Array.from({ length: 60 }, (_, n) =>
      n % 4 === 0 ? madeUp({ created_at: n }) : expiring("5", n),
    );
    await store.insert(events);
    const left = [56, 52, 48].map((n) => events[n]?.id);
    assert.deepEqual(await askAs(at(5), store, { limit: 3 }), left);
    assert.deepEqual(await askAs(at(5), store, { authors: new Set([key(1)]), limit: 3 }), left);
    assert.equal(await store.count([filter({})], at(5)), 15);
  });

  test("32: gift wraps are shown to those they are for", async (store) => {
    const [one, other] = [wrapFor(1, 1), wrapFor(2, 2)];
    const note = madeUp({ created_at: 3, tags: [["p", key(2)]] });
    await store.insert([one, other, note]);
    const gifts = { kinds: new Set([1059]) };
    assert.deepEqual(await askAs(at(0), store, {}), [note.id]);
    assert.deepEqual(await askAs(at(0, 1), store, {}), [note.id, one.id]);
    assert.deepEqual(await askAs(at(0, 1, 2), store, {}), [note.id, other.id, one.id]);
    assert.deepEqual(await askAs(at(0), store, gifts), []);
    assert.deepEqual(await askAs(at(0, 3), store, gifts), []);
    assert.deepEqual(await askAs(at(0, 1), store, gifts), [one.id]);
    assert.deepEqual(await askAs(at(0, 1), store, { ...gifts, tags: tagged("p", key(2)) }), []);
    assert.deepEqual(await askAs(at(0, 1), store, { ids: new Set([other.id]) }), []);
    assert.deepEqual(await askAs(at(0, 1), store, { authors: new Set([other.pubkey]) }), []);
    assert.equal(await store.count([filter(gifts)], at(0, 1)), 1);
    assert.equal(await store.count([filter({})]), 3);
  });

  test("32: a gift wrap may be for several, and for nobody", async (store) => {
    const tags = [["p", key(1)], ["p", key(2)], ["p"], ["P", key(3)], ["x", key(4)]];
    const shared = madeUp({ kind: 1059, created_at: 2, tags });
    const lost = madeUp({ kind: 1059, created_at: 1 });
    await store.insert([shared, lost]);
    for (const reader of [1, 2])
      assert.deepEqual(await askAs(at(0, reader), store, {}), [shared.id]);
    for (const reader of [3, 4]) assert.deepEqual(await askAs(at(0, reader), store, {}), []);
    const toOther = { kinds: new Set([1059]), tags: tagged("p", key(2)) };
    assert.deepEqual(await askAs(at(0, 1), store, toOther), [shared.id]);
  });
}
