/**
 * What every store must do, by the numbers of the semantics sheet. Each implementation runs this
 * suite; its test file brings what is its own.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NostrEvent, VerifiedEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import type { EventId } from "../../src/nostr/key.ts";
import type { EventStore } from "../../src/store.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";

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
  describe(`${name}: counting`, () => counting(test));
}

type Test = (title: string, run: (store: EventStore) => Promise<void>) => void;

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

function asking(test: Test): void {
  test("2: newest first, ties lowest id first, also under a limit", async (store) => {
    const events = [3, 1, 3, 2, 3, 1].map((created_at, index) =>
      madeUp({ created_at, content: `${index}` }),
    );
    await store.insert(events);
    const expected = idsInOrder(events);
    assert.deepEqual(await ask(store, {}), expected);
    for (let limit = 1; limit <= 7; limit++) {
      assert.deepEqual(await ask(store, { limit }), expected.slice(0, limit));
    }
  });

  test("3: each filter has its own limit; the union holds each event once", async (store) => {
    const events = [1, 2, 3, 4, 5, 6].map((created_at) =>
      madeUp({ created_at, kind: created_at % 2 === 0 ? 1 : 7, tags: [["t", "a"]] }),
    );
    await store.insert(events);
    const byTime = idsInOrder(events);
    // The newest two of all are also among the newest three of kind 1: they count for both.
    const found = await ask(store, { limit: 2 }, { kinds: new Set([1]), limit: 3 });
    assert.deepEqual(found, [byTime[0], byTime[1], byTime[2], byTime[4]]);
    assert.deepEqual(await ask(store, { limit: 3 }, { limit: 3 }), byTime.slice(0, 3));
    assert.deepEqual(await ask(store, { tags: tagged("t", "a"), limit: 1 }, {}), byTime);
  });

  test("4: limit 0 contributes nothing", async (store) => {
    const event = madeUp();
    await store.insert([event]);
    assert.deepEqual(await ask(store, { limit: 0 }), []);
    assert.deepEqual(await ask(store, { limit: 0 }, {}), [event.id]);
    assert.deepEqual(await ask(store), []);
  });

  test("6: since and until are inclusive, and 0 is a bound", async (store) => {
    const events = [0, 1, 2].map((created_at) => madeUp({ created_at }));
    await store.insert(events);
    const [zero, one, two] = events.map(({ id }) => id);
    assert.deepEqual(await ask(store, { until: 0 }), [zero]);
    assert.deepEqual(await ask(store, { since: 0 }), [two, one, zero]);
    assert.deepEqual(await ask(store, { since: 1, until: 1 }), [one]);
    assert.deepEqual(await ask(store, { since: 2, until: 1 }), []);
    const never = Number.MAX_SAFE_INTEGER;
    assert.deepEqual(await ask(store, { since: never, until: never }), []);
    assert.deepEqual(await ask(store, { until: never, limit: 1 }), [two]);
  });

  test("6: the newest possible event is found", async (store) => {
    const lowest = madeUp({ created_at: 2 ** 33 - 1, id: "0".repeat(64) as EventId });
    const highest = madeUp({ created_at: 2 ** 33 - 1, id: "f".repeat(64) as EventId });
    await store.insert([highest, lowest]);
    assert.deepEqual(await ask(store, {}), [lowest.id, highest.id]);
    assert.deepEqual(await ask(store, { since: 2 ** 33 - 1 }), [lowest.id, highest.id]);
  });

  test("7: an empty set matches nothing", async (store) => {
    await store.insert([madeUp({ tags: [["t", "a"]] })]);
    const none: ReadonlySet<never> = new Set();
    for (const empty of [
      { ids: none },
      { authors: none },
      { kinds: none },
      { tags: tagged("t") },
    ]) {
      assert.deepEqual(await ask(store, empty), []);
      assert.equal((await ask(store, empty, {})).length, 1);
      assert.equal(await store.count([filter(empty)]), 0);
    }
  });

  test("8: ids and authors are matched whole", async (store) => {
    const event = madeUp();
    await store.insert([event]);
    assert.deepEqual(await ask(store, { ids: new Set([event.id.slice(0, 32)]) }), []);
    assert.deepEqual(await ask(store, { authors: new Set([event.pubkey.slice(0, 62)]) }), []);
    assert.deepEqual(await ask(store, { authors: new Set([event.pubkey]) }), [event.id]);
  });

  test("conditions of one filter must all hold", async (store) => {
    const base = {
      created_at: 5,
      kind: 1,
      pubkey: key(1),
      tags: [
        ["t", "a"],
        ["p", key(3)],
      ],
    };
    const event = madeUp(base);
    const others = [
      madeUp({ ...base, created_at: 4 }),
      madeUp({ ...base, kind: 2 }),
      madeUp({ ...base, pubkey: key(2) }),
      madeUp({ ...base, tags: [["t", "a"]] }),
      madeUp({
        ...base,
        tags: [
          ["t", "b"],
          ["p", key(3)],
        ],
      }),
    ];
    await store.insert([event, ...others]);
    const all = {
      authors: new Set([key(1)]),
      kinds: new Set([1]),
      since: 5,
      tags: new Map([...tagged("t", "a"), ...tagged("p", key(3))]),
    };
    assert.deepEqual(await ask(store, all), [event.id]);
    assert.deepEqual(await ask(store, { ...all, ids: new Set([event.id]) }), [event.id]);
    assert.deepEqual(await ask(store, { ...all, ids: new Set([others[0]?.id ?? ""]) }), []);
  });

  test("thousands of ids, authors, kinds and tag values", async (store) => {
    const events = Array.from({ length: 40 }, (_, n) =>
      madeUp({
        created_at: n,
        kind: n % 4,
        pubkey: key(n),
        tags: [
          ["t", `${n}`],
          ["e", key(n)],
        ],
      }),
    );
    const stored = events.filter(({ kind }) => kind === 1 || kind === 2);
    await store.insert(stored);
    const range = Array.from({ length: 35_000 }, (_, n) => n);
    const keys = range.slice(0, 2000).map(key);
    const wide: readonly Partial<Filter>[] = [
      { ids: new Set([...keys, ...events.map(({ id }) => id)]) },
      { authors: new Set(keys) },
      { authors: new Set(keys), kinds: new Set(range.slice(0, 3)) },
      { authors: new Set(keys), kinds: new Set(range) },
      { kinds: new Set(range) },
      { tags: tagged("t", ...range.map(String)) },
      { tags: new Map([...tagged("t", ...range.map(String)), ...tagged("e", ...keys)]) },
    ];
    for (const conditions of wide) {
      assert.deepEqual(await ask(store, conditions), idsInOrder(stored));
      assert.deepEqual(
        await ask(store, { ...conditions, limit: 3 }),
        idsInOrder(stored).slice(0, 3),
      );
    }
  });

  test("long answers come in order, each event once", async (store) => {
    const events = Array.from({ length: 2500 }, (_, n) =>
      madeUp({ created_at: n % 700, kind: n % 3, pubkey: key(n), tags: [["t", `${n % 5}`]] }),
    );
    await store.insert(events);
    const all = idsInOrder(events);
    const even = idsInOrder(events.filter((_, n) => n % 5 === 0 || n % 5 === 2));
    assert.deepEqual(await ask(store, {}), all);
    assert.deepEqual(await ask(store, { tags: tagged("t", "0", "1", "2", "3", "4") }), all);
    assert.deepEqual(await ask(store, { tags: tagged("t", "2", "0") }), even);
    assert.deepEqual(await ask(store, { kinds: new Set([2]) }, { limit: 900 }, {}), all);
  });

  test("the caller may stop at any page", async (store) => {
    await store.insert(Array.from({ length: 1200 }, (_, n) => madeUp({ created_at: n })));
    for await (const page of store.query([filter({})])) {
      assert.ok(page.length > 0 && page.length < 1200);
      break;
    }
    assert.deepEqual(await store.insert([madeUp({ content: "after" })]), ["stored"]);
  });
}

function askingForTags(test: Test): void {
  test("10: one letter, its case and the first value count; several values are alternatives", async (store) => {
    const event = madeUp({
      tags: [
        ["t", "a", "b"],
        ["T", "c"],
        ["tt", "d"],
        ["t", "e"],
      ],
    });
    await store.insert([event]);
    const finds = async (letter: string, ...values: readonly string[]) =>
      (await ask(store, { tags: tagged(letter, ...values) })).length;
    assert.equal(await finds("t", "a"), 1);
    assert.equal(await finds("t", "e"), 1);
    assert.equal(await finds("T", "c"), 1);
    assert.equal(await finds("t", "x", "a", "e"), 1);
    assert.equal(await finds("t", "b", "c", "d", "A"), 0);
    assert.equal(await finds("T", "a"), 0);
  });

  test("10: doubled tags do not double events", async (store) => {
    const event = madeUp({
      tags: [
        ["t", "a"],
        ["t", "a"],
        ["t", "b"],
        ["t", "a", "x"],
      ],
    });
    assert.deepEqual(await store.insert([event]), ["stored"]);
    assert.deepEqual(await ask(store, { tags: tagged("t", "a", "b") }), [event.id]);
    assert.equal(await store.count([filter({ tags: tagged("t", "a", "b") })]), 1);
  });

  test("10: several letters must all match", async (store) => {
    const both = madeUp({
      tags: [
        ["t", "a"],
        ["r", "x"],
      ],
    });
    await store.insert([both, madeUp({ tags: [["t", "a"]] }), madeUp({ tags: [["r", "x"]] })]);
    const tags = new Map([...tagged("t", "a", "b"), ...tagged("r", "x", "y")]);
    assert.deepEqual(await ask(store, { tags }), [both.id]);
  });

  test("11: a missing value is an empty one, and empty values can be asked for", async (store) => {
    const bare = madeUp({ tags: [["t"], []], created_at: 2 });
    const empty = madeUp({ tags: [["t", ""]], created_at: 1 });
    await store.insert([
      bare,
      empty,
      madeUp({ tags: [["t", "a"]] }),
      madeUp({ tags: [["x", ""]] }),
    ]);
    assert.deepEqual(await ask(store, { tags: tagged("t", "") }), [bare.id, empty.id]);
  });

  test("12: an addressable event without d is found by an empty d", async (store) => {
    const event = madeUp({ kind: 30_023 });
    await store.insert([event, madeUp({ kind: 1 }), madeUp({ kind: 10_002 })]);
    assert.deepEqual(await ask(store, { tags: tagged("d", "") }), [event.id]);
  });

  test("values are told apart to the last bit", async (store) => {
    const hex = key(5);
    const values = [hex, hex.toUpperCase(), hex.slice(1), `${hex}0`, `${hex}\0`, "\0", "\0\0", ""];
    values.push(
      "a\0",
      "a\0b",
      "a",
      "1",
      "1.0",
      "01",
      "é",
      "e\u0301",
      "\uffff",
      "😀",
      "null",
      "x'00'",
    );
    const events = values.map((value) => madeUp({ tags: [["r", value]] }));
    await store.insert(events);
    for (const [index, value] of values.entries()) {
      const found = await ask(store, { tags: tagged("r", value) });
      assert.deepEqual(found, [events[index]?.id], JSON.stringify(value));
    }
    assert.deepEqual(await ask(store, { tags: tagged("r", ...values) }), idsInOrder(events));
  });
}

function counting(test: Test): void {
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
}

function filter(conditions: Partial<Filter>): Filter {
  return { tags: new Map(), ...conditions };
}

function tagged(letter: string, ...values: readonly string[]): Filter["tags"] {
  return new Map([[letter, new Set(values)]]);
}

async function texts(store: EventStore, filters: readonly Filter[]): Promise<readonly string[]> {
  const pages: (readonly string[])[] = [];
  for await (const page of store.query(filters)) pages.push(page);
  return pages.flat();
}

/** The ids of the answer, in its order. */
async function ask(
  store: EventStore,
  ...filters: readonly Partial<Filter>[]
): Promise<readonly string[]> {
  const found = await texts(store, filters.map(filter));
  return found.map((json) => (JSON.parse(json) as NostrEvent).id);
}

function idsInOrder(events: readonly NostrEvent[]): readonly string[] {
  return [...events]
    .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
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
