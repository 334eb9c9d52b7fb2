/**
 * What every store must do, by the numbers of the semantics sheet. Each implementation runs this
 * suite; its test file brings what is its own.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NostrEvent, VerifiedEvent } from "../../src/nostr/event.ts";
import type { EventId } from "../../src/nostr/key.ts";
import type { EventStore } from "../../src/store.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { ask, filter, tagged, texts } from "./ask.ts";
import { counting } from "./conformance-count.ts";
import { deleting, removing, sweeping, vanishing } from "./conformance-deletion.ts";
import { exporting } from "./conformance-export.ts";
import { locating } from "./conformance-locate.ts";
import { asking, askingForTags } from "./conformance-query.ts";
import { searching } from "./conformance-search.ts";
import { viewing } from "./conformance-view.ts";

/** `open` gives an empty store; the suite closes it. */
export function storeConformance(name: string, open: () => Promise<EventStore>): void {
  const test = (title: string, run: (store: EventStore) => Promise<void>) =>
    it(title, async () => {
      const store = await open();
      try {
        await run(store);
      } finally {
        await store.close();
      }
    });

  describe(`${name}: writing`, () => writing(test));
  describe(`${name}: replacing`, () => replacing(test));
  describe(`${name}: asking`, () => asking(test));
  describe(`${name}: asking for tags`, () => askingForTags(test));
  describe(`${name}: locating`, () => locating(test));
  describe(`${name}: counting`, () => counting(test));
  describe(`${name}: searching`, () => searching(test));
  describe(`${name}: deleting`, () => deleting(test));
  describe(`${name}: vanishing`, () => vanishing(test));
  describe(`${name}: removing`, () => removing(test));
  describe(`${name}: sweeping`, () => sweeping(test));
  describe(`${name}: views`, () => viewing(test));
  describe(`${name}: exporting`, () => exporting(test));
}

export type Test = (title: string, run: (store: EventStore) => Promise<void>) => void;

function writing(test: Test): void {
  test("an empty batch and an empty store are nothing special", async (store) => {
    assert.deepEqual(await store.insert([]), []);
    assert.deepEqual(await ask(store, {}), []);
    assert.equal(await store.count([filter({})]), 0);
  });

  test("what was stored comes back as it was", async (store) => {
    const event = madeUp({
      content: 'é\0"\\\u2028 😀',
      tags: [[], ["t"], ["t", "a", "b"], ["", ""]],
    });
    assert.deepEqual(await store.insert([event]), ["stored"]);
    assert.deepEqual(await texts(store, [filter({})]), [event.json]);
  });

  test("15: an event that is there already is a duplicate, also inside one batch", async (store) => {
    const [first, second] = [madeUp({ content: "1" }), madeUp({ content: "2" })];
    assert.deepEqual(await store.insert([first, second, first]), ["stored", "stored", "duplicate"]);
    assert.deepEqual(await store.insert([second]), ["duplicate"]);
    assert.equal((await ask(store, {})).length, 2);
  });

  test("what is asked for first is stored first, whether or not anybody waits for it", async (store) => {
    const batches = ["1", "2", "1"].map((content) => store.insert([madeUp({ content })]));
    assert.deepEqual(await Promise.all(batches), [["stored"], ["stored"], ["duplicate"]]);
  });

  test("ids of one second may share their first 30 bits", async (store) => {
    const twins = ["0", "4", "8", "c", "f"].flatMap((digit) =>
      ["00000000", "fffffffc", "fffffff8"].map((prefix) =>
        madeUp({ id: (prefix + digit.repeat(56)) as EventId, created_at: 0 }),
      ),
    );
    for (const twin of twins) assert.deepEqual(await store.insert([twin]), ["stored"]);
    for (const twin of twins) {
      assert.deepEqual(await store.insert([twin]), ["duplicate"]);
      assert.deepEqual(await ask(store, { ids: new Set([twin.id]) }), [twin.id]);
    }
    const found = await ask(store, { since: 0, until: 0 });
    assert.deepEqual([...found].sort(), twins.map(({ id }) => id).sort());
    // Whoever goes leaves a free place, which is not for those who are there already.
    const [gone, ...others] = twins;
    assert.ok(gone);
    await store.remove([gone.id]);
    for (const twin of others) assert.deepEqual(await store.insert([twin]), ["duplicate"]);
    assert.equal(await store.count([filter({})]), others.length);
  });
}

function replacing(test: Test): void {
  const replaceable = { kind: 10_002 };
  const addressable = {
    kind: 30_023,
    tags: [
      ["d", "x"],
      ["t", "old"],
    ],
  };

  for (const fields of [{ kind: 0 }, { kind: 3 }, replaceable, { kind: 19_999 }, addressable]) {
    test(`13: kind ${fields.kind}: the newest version stays, the older is gone`, async (store) => {
      const old = madeUp({ ...fields, created_at: 10 });
      const current = madeUp({ ...fields, created_at: 11 });
      assert.deepEqual(await store.insert([old]), ["stored"]);
      assert.deepEqual(await store.insert([current]), ["stored"]);
      assert.deepEqual(await ask(store, {}), [current.id]);
      assert.deepEqual(await ask(store, { ids: new Set([old.id]) }), []);
      assert.deepEqual(await store.insert([current]), ["duplicate"]);
    });

    test(`14: kind ${fields.kind}: an older version is superseded`, async (store) => {
      const old = madeUp({ ...fields, created_at: 10 });
      const current = madeUp({ ...fields, created_at: 11 });
      assert.deepEqual(await store.insert([current]), ["stored"]);
      assert.deepEqual(await store.insert([old]), ["superseded"]);
      assert.deepEqual(await ask(store, {}), [current.id]);
    });
  }

  for (const kind of [1, 7, 41, 9999, 40_000]) {
    test(`13: kind ${kind} is not replaced`, async (store) => {
      const events = [madeUp({ kind, created_at: 10 }), madeUp({ kind, created_at: 11 })];
      assert.deepEqual(await store.insert(events), ["stored", "stored"]);
      assert.equal((await ask(store, {})).length, 2);
    });
  }

  test("1: at the same second the lowest id stays, whatever the order", async (store) => {
    for (const fields of [replaceable, addressable]) {
      const [lowest, middle, highest] = versionsById(fields);
      assert.deepEqual(await store.insert([middle]), ["stored"]);
      assert.deepEqual(await store.insert([highest]), ["superseded"]);
      assert.deepEqual(await store.insert([lowest]), ["stored"]);
      assert.deepEqual(await store.insert([middle]), ["superseded"]);
      assert.deepEqual(await ask(store, { kinds: new Set([fields.kind]) }), [lowest.id]);
    }
  });

  test("1: several versions in one batch", async (store) => {
    const [lowest, middle, highest] = versionsById(replaceable);
    const batch = [highest, lowest, middle, lowest];
    assert.deepEqual(await store.insert(batch), ["stored", "stored", "superseded", "duplicate"]);
    assert.deepEqual(await ask(store, {}), [lowest.id]);
  });

  test("the tags of a replaced version are gone too", async (store) => {
    const tags = [["d", "x"], ["t", "old"], ["p", key(7)], ["t"]];
    const old = madeUp({ kind: 30_000, created_at: 10, tags });
    const current = madeUp({ kind: 30_000, created_at: 11, tags: [["d", "x"]] });
    await store.insert([old, current]);
    assert.deepEqual(await ask(store, { tags: tagged("t", "old", "") }), []);
    assert.deepEqual(await ask(store, { tags: tagged("p", key(7)) }), []);
    assert.deepEqual(await ask(store, { tags: tagged("d", "x") }), [current.id]);
  });

  test("12: each author, kind and first d is an address of its own", async (store) => {
    const [text, blob] = ["a\0b", key(9)];
    const events = [
      madeUp({
        kind: 30_000,
        tags: [
          ["d", "x"],
          ["d", "y"],
        ],
      }),
      madeUp({
        kind: 30_000,
        tags: [
          ["d", "y"],
          ["d", "x"],
        ],
      }),
      madeUp({ kind: 30_001, tags: [["d", "x"]] }),
      madeUp({ kind: 30_000, tags: [["d", "x"]], pubkey: key(2) }),
      madeUp({ kind: 30_000, tags: [["d", text]] }),
      madeUp({ kind: 30_000, tags: [["d", "a"]] }),
      madeUp({ kind: 30_000, tags: [["d", blob]] }),
      madeUp({ kind: 30_000, tags: [["d", blob.toUpperCase()]] }),
    ];
    assert.deepEqual(
      await store.insert(events),
      events.map(() => "stored"),
    );
    assert.equal((await ask(store, {})).length, events.length);
  });

  test("12: no d, an empty d and a d without a value are one address", async (store) => {
    const shapes = [[], [["d"]], [["d", ""]], [["t", "a"]], [["d", "", "x"]], [["D", "x"]]];
    for (const [index, tags] of shapes.entries()) {
      const event = madeUp({ kind: 30_000, created_at: index, tags });
      assert.deepEqual(await store.insert([event]), ["stored"]);
      assert.deepEqual(await ask(store, { tags: tagged("d", "") }), [event.id]);
    }
    assert.equal((await ask(store, {})).length, 1);
  });

  test("12: d does not matter to replaceable kinds", async (store) => {
    const old = madeUp({ kind: 10_000, created_at: 1, tags: [["d", "x"]] });
    const current = madeUp({ kind: 10_000, created_at: 2, tags: [["d", "y"]] });
    assert.deepEqual(await store.insert([old, current]), ["stored", "stored"]);
    assert.deepEqual(await ask(store, {}), [current.id]);
    assert.deepEqual(await ask(store, { tags: tagged("d", "") }), []);
  });
}

/** Versions of one second, lowest id first. */
function versionsById(
  fields: Partial<NostrEvent>,
): readonly [VerifiedEvent, VerifiedEvent, VerifiedEvent] {
  const versions = ["1", "2", "3"].map((content) => madeUp({ ...fields, content }));
  const [lowest, middle, highest] = versions.sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.ok(lowest && middle && highest);
  return [lowest, middle, highest];
}
