/** The part of the conformance suite that counts: `count` and `authors`. */

import assert from "node:assert/strict";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { authors, filter, tagged } from "./ask.ts";
import type { Test } from "./conformance.ts";

export function counting(test: Test): void {
  test("counts different events, whatever the limits", async (store) => {
    const events = Array.from({ length: 1100 }, (_, n) =>
      madeUp({
        created_at: n,
        kind: n % 2,
        pubkey: key(n),
        tags: [
          ["t", "a"],
          ["t", "b"],
        ],
      }),
    );
    await store.insert(events);
    assert.equal(await store.count([]), 0);
    assert.equal(await store.count([filter({ limit: 0 })]), 1100);
    assert.equal(await store.count([filter({ kinds: new Set([1]), limit: 3 })]), 550);
    assert.equal(await store.count([filter({ tags: tagged("t", "b", "a") })]), 1100);
    const union = [filter({ kinds: new Set([1]) }), filter({ since: 1000 })];
    assert.equal(await store.count(union), 600);
  });

  test("35: the author of each event is told, once an event, whatever the limits", async (store) => {
    const events = Array.from({ length: 1100 }, (_, n) =>
      madeUp({ created_at: n, kind: n % 2, pubkey: key(n % 7), tags: [["t", "a"]] }),
    );
    await store.insert(events.filter(({ kind }) => kind === 1));
    const written = events.filter(({ kind }) => kind === 1).map(({ pubkey }) => pubkey);
    const tags = tagged("t", "a");
    assert.deepEqual(await authors(store, [filter({ tags, limit: 1 })]), [...written].sort());
    assert.deepEqual(await authors(store, [filter({ tags }), filter({})]), [...written].sort());
    assert.deepEqual(await authors(store, []), []);
    const many = new Set(Array.from({ length: 100 }, (_, n) => key(n)));
    const later = { tags, authors: many, since: 1000 };
    const expected = written.slice(-50).sort();
    assert.deepEqual(await authors(store, [filter(later)]), expected);
  });

  test("35: what the view does not show has no author", async (store) => {
    const wrap = madeUp({ kind: 1059, pubkey: key(8), tags: [["p", key(2)]] });
    const note = madeUp({ pubkey: key(9), tags: [["expiration", "100"]] });
    await store.insert([wrap, note]);
    const seen = (now: number, reader: number) =>
      authors(store, [filter({})], { now, readers: new Set([key(reader)]) });
    assert.deepEqual(await seen(99, 1), [note.pubkey]);
    assert.deepEqual(await seen(100, 2), [wrap.pubkey]);
    assert.deepEqual(await seen(100, 1), []);
  });
}
