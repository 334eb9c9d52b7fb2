/** The part of the conformance suite about what is gone for good: requests to delete and to vanish. */

import assert from "node:assert/strict";
import type { NostrEvent, VerifiedEvent } from "../../src/nostr/event.ts";
import type { EventStore } from "../../src/store.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { ask, tagged } from "./ask.ts";
import type { Test } from "./conformance.ts";

const deletion = (tags: readonly (readonly string[])[], fields: Partial<NostrEvent> = {}) =>
  madeUp({ kind: 5, created_at: 50, tags, ...fields });
const remaining = async (store: EventStore) => new Set(await ask(store, {}));
const idsOf = (...events: readonly VerifiedEvent[]) => new Set(events.map(({ id }) => id));

export function deleting(test: Test): void {
  test("27: an author's events are deleted, other people's are not", async (store) => {
    const [own, newer] = [madeUp({ tags: [["t", "x"]] }), madeUp({ created_at: 99_999 })];
    const foreign = madeUp({ pubkey: key(2) });
    const request = deletion([own, newer, foreign].map(({ id }) => ["e", id]));
    await store.insert([own, newer, foreign]);
    assert.deepEqual(await store.insert([request]), ["stored"]);
    assert.deepEqual(await remaining(store), idsOf(foreign, request));
    assert.deepEqual(await ask(store, { tags: tagged("t", "x") }), []);
    assert.deepEqual(await store.insert([own, foreign, request]), [
      "deleted",
      "duplicate",
      "duplicate",
    ]);
  });

  test("27: what is deleted before it comes is refused, from this author alone", async (store) => {
    const [own, foreign] = [madeUp(), madeUp({ pubkey: key(2) })];
    await store.insert([deletion([own, foreign].map(({ id }) => ["e", id]))]);
    assert.deepEqual(await store.insert([own, foreign]), ["deleted", "stored"]);
  });

  test("27: all of it in one batch", async (store) => {
    const [before, after] = [madeUp({ content: "1" }), madeUp({ content: "2" })];
    const request = deletion([before, after].map(({ id }) => ["e", id]));
    const outcomes = ["stored", "stored", "deleted", "deleted"];
    assert.deepEqual(await store.insert([before, request, after, before]), outcomes);
    assert.deepEqual(await remaining(store), idsOf(request));
  });

  test("27: a deleted version makes room for the version before", async (store) => {
    const [older, newer] = [1, 2].map((created_at) => madeUp({ kind: 0, created_at }));
    assert.ok(older && newer);
    await store.insert([newer, deletion([["e", newer.id]])]);
    assert.deepEqual(await store.insert([newer, older]), ["deleted", "stored"]);
    assert.deepEqual(await ask(store, { kinds: new Set([0]) }), [older.id]);
  });

  for (const [kind, d] of [
    [0, ""],
    [10_002, ""],
    [30_023, "x"],
    [30_023, ""],
    [30_023, "a:b:c\n"],
  ] as const) {
    test(`28: ${kind}:…:${JSON.stringify(d)} is gone up to the request`, async (store) => {
      const version = (created_at: number) =>
        madeUp({ kind, created_at, tags: d === "" ? [] : [["d", d]] });
      const [old, same, newer] = [version(49), version(50), version(51)];
      const request = deletion([["a", `${kind}:${key(1)}:${d}`]]);
      await store.insert([old, request]);
      assert.deepEqual(await remaining(store), idsOf(request));
      assert.deepEqual(await store.insert([old, same, newer]), ["deleted", "deleted", "stored"]);
      assert.deepEqual(await store.insert([same, newer]), ["deleted", "duplicate"]);
      assert.deepEqual(await store.insert([deletion([...request.tags], { created_at: 40 })]), [
        "stored",
      ]);
      assert.deepEqual(await store.insert([same]), ["deleted"]);
      assert.equal((await ask(store, { kinds: new Set([kind]) })).length, 1);
    });
  }

  test("28: addresses of others, of other kinds and in other shapes delete nothing", async (store) => {
    const events = [
      madeUp({ kind: 0, pubkey: key(2) }),
      madeUp({ kind: 0 }),
      madeUp({ kind: 1 }),
      madeUp({ kind: 30_000, tags: [["d", "x"]] }),
      madeUp({ kind: 30_000 }),
    ];
    await store.insert(events);
    const mine = key(1);
    const values = [
      ...[`0:${key(2)}:`, `1:${mine}:`, `00:${mine}:`, `0:${mine}:x`, `0:${mine}`],
      ...[`30000:${mine}:X`, `30000:${mine}`, `30000:${mine.toUpperCase()}:`, `65536:${mine}:`],
      ...["", ":", "::", ":::", `:${mine}:`, ` 0:${mine}:`, `-0:${mine}:`, `0:${mine.slice(1)}:`],
    ];
    const request = deletion([["a"], ...values.map((value) => ["a", value])]);
    assert.deepEqual(await store.insert([request]), ["stored"]);
    assert.deepEqual(await remaining(store), idsOf(...events, request));
  });

  test("29: requests cannot be deleted, and without references they delete nothing", async (store) => {
    const note = madeUp();
    const first = deletion([["e", key(9)]]);
    const request = madeUp({ kind: 62, created_at: 1, pubkey: key(2) });
    const useless = [
      deletion([]),
      deletion([["e"], ["e", ""], ["e", note.id.slice(1)], ["E", note.id], ["p", key(1)]]),
      deletion([
        ["e", first.id],
        ["k", "5"],
      ]),
      deletion([["e", request.id]], { pubkey: key(2) }),
    ];
    await store.insert([note, first, request]);
    await store.insert(useless);
    assert.deepEqual(await remaining(store), idsOf(note, first, request, ...useless));
    assert.deepEqual(await store.insert([first, request]), ["duplicate", "duplicate"]);
  });

  test("30: recipients may delete their gift wraps", async (store) => {
    const tags = [["p", key(1)]];
    const [mine, later] = [1, 2].map((at) =>
      madeUp({ kind: 1059, pubkey: key(9), created_at: at, tags }),
    );
    const note = madeUp({ pubkey: key(9), tags });
    const other = madeUp({ kind: 1059, pubkey: key(9), tags: [["p", key(2)]] });
    assert.ok(mine && later);
    const request = deletion([mine, later, note, other].map(({ id }) => ["e", id]));
    await store.insert([mine, note, other, request]);
    assert.deepEqual(await remaining(store), idsOf(note, other, request));
    assert.deepEqual(await store.insert([mine, later]), ["deleted", "deleted"]);
  });
}

export function vanishing(test: Test): void {
  const vanish = (until: number, n = 1) =>
    madeUp({ kind: 62, created_at: until, pubkey: key(n), tags: [["relay", "ALL_RELAYS"]] });

  test("34: everything of the key up to then is gone and stays away", async (store) => {
    const events = [
      madeUp({ created_at: 50 }),
      madeUp({ kind: 0, created_at: 1 }),
      madeUp({ kind: 30_000, created_at: 2, tags: [["d", "x"]] }),
      deletion([["e", key(9)]]),
    ];
    const later = madeUp({ created_at: 51 });
    const others = [madeUp({ pubkey: key(2), tags: [["p", key(1)]] }), madeUp({ pubkey: key(3) })];
    const request = vanish(50);
    await store.insert([...events, later, ...others]);
    assert.deepEqual(await store.insert([request]), ["stored"]);
    assert.deepEqual(await remaining(store), idsOf(later, ...others, request));
    const again = [...events, madeUp({ created_at: 49, content: "new to the relay" })];
    assert.deepEqual(
      await store.insert(again),
      again.map(() => "deleted"),
    );
    assert.deepEqual(await store.insert([madeUp({ created_at: 52 }), request]), [
      "stored",
      "duplicate",
    ]);
    assert.deepEqual(await ask(store, { kinds: new Set([0, 5, 30_000]) }), []);
  });

  test("34: in one batch with what comes before and after", async (store) => {
    const note = madeUp({ created_at: 1 });
    const profiles = [1, 51].map((created_at) => madeUp({ kind: 0, created_at }));
    const [old, current] = profiles;
    assert.ok(old && current);
    const batch = [note, old, vanish(50), note, current];
    const outcomes = ["stored", "stored", "stored", "deleted", "stored"];
    assert.deepEqual(await store.insert(batch), outcomes);
    assert.deepEqual(await remaining(store), idsOf(vanish(50), current));
  });

  test("34: an older request changes nothing, a newer one reaches further", async (store) => {
    await store.insert([vanish(50), vanish(40)]);
    assert.deepEqual(await store.insert([madeUp({ created_at: 45 })]), ["deleted"]);
    const later = madeUp({ created_at: 55 });
    assert.deepEqual(await store.insert([later]), ["stored"]);
    await store.insert([vanish(60)]);
    assert.deepEqual(await store.insert([later]), ["deleted"]);
  });

  test("34: what was deleted before stays deleted", async (store) => {
    const later = madeUp({ created_at: 60 });
    const profile = madeUp({ kind: 0, created_at: 55 });
    await store.insert([
      deletion([["e", later.id]]),
      deletion([["a", `0:${key(1)}:`]], { created_at: 56 }),
      vanish(57),
    ]);
    assert.deepEqual(await store.insert([later, profile]), ["deleted", "deleted"]);
    assert.deepEqual(await remaining(store), idsOf(vanish(57)));
  });

  test("34: gift wraps to the key are gone, and only they", async (store) => {
    const to = (n: number, created_at: number) =>
      madeUp({ kind: 1059, pubkey: key(7), created_at, tags: [["p", key(n)]] });
    const mention = madeUp({ pubkey: key(7), created_at: 10, tags: [["p", key(1)]] });
    await store.insert([to(1, 50), to(1, 51), to(2, 50), mention, vanish(50)]);
    assert.deepEqual(await remaining(store), idsOf(to(1, 51), to(2, 50), mention, vanish(50)));
    assert.deepEqual(await store.insert([to(1, 50), to(1, 49)]), ["deleted", "deleted"]);
  });

  test("34: thousands of events", async (store) => {
    const events = Array.from({ length: 2000 }, (_, n) =>
      n % 2 === 0
        ? madeUp({ created_at: n % 7, content: `${n}` })
        : madeUp({
            kind: n % 3 === 0 ? 1059 : 1,
            pubkey: key(n),
            created_at: n % 5,
            tags: [["p", key(1)]],
          }),
    );
    await store.insert(events);
    await store.insert([vanish(50)]);
    const left = events.filter(({ kind, pubkey }) => kind === 1 && pubkey !== key(1));
    assert.deepEqual(await remaining(store), idsOf(vanish(50), ...left));
  });
}

export function sweeping(test: Test): void {
  test("31: sweeping removes what has expired, little by little, and nothing else", async (store) => {
    const expiring = (at: number, fields: Partial<NostrEvent>) =>
      madeUp({ ...fields, tags: [...(fields.tags ?? []), ["expiration", `${at}`]] });
    const gone = Array.from({ length: 600 }, (_, n) => expiring(5 - (n % 3), { created_at: n }));
    const profile = expiring(5, { kind: 0 });
    const left = [madeUp(), expiring(6, { content: "later" })];
    await store.insert([...gone, profile, ...left]);
    assert.equal(await store.sweep(2), 0);
    let removed = 0;
    for (let count = -1; count !== 0; removed += count) count = await store.sweep(5);
    assert.equal(removed, gone.length + 1);
    assert.deepEqual(await remaining(store), idsOf(...left));
    assert.deepEqual(await store.insert([madeUp({ kind: 0, created_at: 1 })]), ["stored"]);
  });
}

export function removing(test: Test): void {
  test("removing takes away what is named and here, all of it, and remembers nothing", async (store) => {
    const profile = madeUp({ kind: 0, created_at: 2 });
    const [note, other] = [madeUp({ tags: [["t", "a"]] }), madeUp({ content: "other" })];
    const absent = madeUp({ content: "absent" });
    await store.insert([profile, note, other]);
    assert.equal(await store.remove([]), 0);
    assert.equal(await store.remove([note.id, absent.id, profile.id]), 2);
    assert.equal(await store.remove([note.id]), 0);
    assert.deepEqual(await remaining(store), idsOf(other));
    assert.deepEqual(await ask(store, { tags: tagged("t", "a") }), []);
    const older = madeUp({ kind: 0, created_at: 1 });
    assert.deepEqual(await store.insert([older, note]), ["stored", "stored"]);
  });
}
