/** The part of the conformance suite that asks: `query` and `locate`. */

import assert from "node:assert/strict";
import type { Filter } from "../../src/nostr/filter.ts";
import type { EventId } from "../../src/nostr/key.ts";
import type { StoredFilter } from "../../src/store.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { answer, ask, filter, idsInOrder, places, tagged } from "./ask.ts";
import type { Test } from "./conformance.ts";

export function asking(test: Test): void {
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

  test("38: what the limits have left is told", async (store) => {
    const events = [3, 3, 2, 2, 1].map((created_at, n) =>
      madeUp({ created_at, kind: n, tags: [["t", "a"]] }),
    );
    await store.insert(events);
    const left = async (...filters: readonly Partial<StoredFilter>[]) =>
      (await answer(store, filters.map(filter)))[1];
    assert.equal(await left({}), "finish");
    assert.equal(await left({ limit: 5 }), "finish");
    assert.equal(await left({ limit: 4 }), "more");
    assert.equal(await left({ tags: tagged("t", "a"), limit: 4 }), "more");
    assert.equal(await left({ kinds: new Set([0, 4]), limit: 2 }), "finish");
    assert.equal(await left({ kinds: new Set([0, 4]), limit: 1 }), "more");
    assert.notEqual(await left({ limit: 1 }, { limit: 5 }), "more");
    assert.equal(await left({ limit: 1 }, { limit: 4 }), "more");
    assert.equal(await left({ since: 2, limit: 4 }), "finish");
    assert.equal(await left({ ids: new Set() }), "finish");
    assert.equal(await left(), "finish");
  });

  test("38: what a view hides is not left", async (store) => {
    const wrap = madeUp({ kind: 1059, created_at: 1, tags: [["p", key(1)]] });
    await store.insert([madeUp({ created_at: 2 }), wrap]);
    const left = async (reader: number) =>
      (await answer(store, [filter({ limit: 1 })], { now: 0, readers: new Set([key(reader)]) }))[1];
    assert.equal(await left(1), "more");
    assert.equal(await left(2), "finish");
  });

  test("38: a surplus completes the second at the limit", async (store) => {
    const events = [3, 2, 2, 2, 1].map((created_at, n) => madeUp({ created_at, kind: n }));
    await store.insert(events);
    const all = idsInOrder(events);
    const asked = (conditions: Partial<StoredFilter>) => ask(store, conditions);
    assert.deepEqual(await asked({ limit: 1, surplus: 3 }), all.slice(0, 1));
    assert.deepEqual(await asked({ limit: 2, surplus: 3 }), all.slice(0, 4));
    assert.deepEqual(await asked({ limit: 2, surplus: 1 }), all.slice(0, 3));
    assert.deepEqual(await asked({ limit: 4, surplus: 3 }), all.slice(0, 4));
    assert.deepEqual(await asked({ limit: 0, surplus: 3 }), []);
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

  test("kinds that are not to be shown count for nothing", async (store) => {
    const events = Array.from({ length: 300 }, (_, i) =>
      madeUp({ created_at: i, kind: i % 3 === 0 ? 1 : 4, content: `${i}`, tags: [["t", "a"]] }),
    );
    await store.insert(events);
    const shown = idsInOrder(events.filter(({ kind }) => kind === 1));
    const exceptKinds: ReadonlySet<number> = new Set([4, 5]);
    const authors: ReadonlySet<string> = new Set(events.map(({ pubkey }) => pubkey));
    for (const asked of [{}, { authors }, { tags: tagged("t", "a") }]) {
      assert.deepEqual(await ask(store, { ...asked, exceptKinds }), shown);
      assert.deepEqual(await ask(store, { ...asked, exceptKinds, limit: 7 }), shown.slice(0, 7));
      assert.equal(await store.count([filter({ ...asked, exceptKinds })]), shown.length);
      const located = await places(store, [filter({ ...asked, exceptKinds, limit: 7 })]);
      assert.deepEqual(
        located.map(({ id }) => id),
        shown.slice(0, 7),
      );
    }
    assert.deepEqual(await ask(store, { kinds: new Set([4]), exceptKinds }), []);
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

  test("several long lists, of which each refuses some events", async (store) => {
    const range = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => from + n);
    const events = range(0, 150).map((n) =>
      madeUp({ created_at: n, kind: n, pubkey: key(n), tags: [["t", `${n}`]] }),
    );
    await store.insert(events.filter(({ kind }) => kind !== 0 && kind !== 3));
    const authors = new Set(range(0, 100).map(key));
    const tags = tagged("t", ...range(30, 150).map(String));
    const kinds = new Set(range(45, 150));
    assert.deepEqual(await ask(store, { authors, tags }), idsInOrder(events.slice(30, 100)));
    assert.deepEqual(await ask(store, { authors, tags, kinds }), idsInOrder(events.slice(45, 100)));
    assert.equal(await store.count([filter({ authors, tags })]), 70);
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

export function askingForTags(test: Test): void {
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

  test("10: all values of an & condition must be there (NIP-91)", async (store) => {
    const tags = (...values: readonly string[]) => values.map((value) => ["t", value]);
    const both = madeUp({ created_at: 3, tags: [...tags("a", "b"), ["r", "x"]] });
    const three = madeUp({ created_at: 2, tags: [...tags("c", "b", "a"), ["e", key(1)]] });
    await store.insert([
      both,
      three,
      madeUp({ tags: tags("a") }),
      madeUp({ tags: tags("b", "b") }),
    ]);
    const all = (...values: readonly string[]) => ({ allTags: tagged("t", ...values) });
    assert.deepEqual(await ask(store, all("a", "b")), [both.id, three.id]);
    assert.deepEqual(await ask(store, all("b", "c", "a")), [three.id]);
    assert.deepEqual(await ask(store, all("a", "x")), []);
    assert.deepEqual(await ask(store, all()), []);
    assert.deepEqual(await ask(store, { ...all("a", "b"), tags: tagged("t", "c", "x") }), [
      three.id,
    ]);
    assert.deepEqual(await ask(store, { ...all("a", "b"), tags: tagged("e", key(1)) }), [three.id]);
    const letters = new Map([...tagged("t", "b"), ...tagged("r", "x")]);
    assert.deepEqual(await ask(store, { allTags: letters }), [both.id]);
    const many = Array.from({ length: 200 }, (_, n) => `${n}`);
    const long = madeUp({ tags: tags(...many) });
    await store.insert([long]);
    assert.deepEqual(await ask(store, all(...many)), [long.id]);
    assert.deepEqual(await ask(store, all(...many, "200")), []);
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
