/** The part of the conformance suite about search (NIP-50). */

import assert from "node:assert/strict";
import type { Filter } from "../../src/nostr/filter.ts";
import { parseSearch, type Search } from "../../src/nostr/search.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { answer, ask, askAs, authors, filter, idsInOrder, tagged } from "./ask.ts";
import type { Test } from "./conformance.ts";

function search(query: string): { readonly search: Search } {
  const parsed = parseSearch(query);
  assert.ok(parsed.ok && parsed.value);
  return { search: parsed.value };
}

const notes = (...contents: readonly string[]) =>
  contents.map((content, n) => madeUp({ content, created_at: n }));

export function searching(test: Test): void {
  test("50: words are found in every language", async (store) => {
    const found: readonly (readonly [content: string, ...queries: string[]])[] = [
      ["Hello, encrypted World!", "world", "HELLO", "encrypt", "world hello"],
      ["東京都に住んでいます。", "東京", "京都", "東京都", "住", "す", "住んで"],
      ["カタカナとﾊﾝｶｸ", "カタカナ", "ハンカク", "ナ"],
      ["我喜欢中本聪", "中本聪", "喜欢"],
      ["مَرْحَبًا بِالعَالَم", "مرحبا", "بالعالم"],
      [
        "İstanbul'da kışın ISPARTA gülü",
        "istanbul",
        "ISTANBUL",
        "ıstanbul",
        "ısparta",
        "kis",
        "GÜLÜ",
      ],
      ["สวัสดีชาวโลก", "ชาวโลก", "สวัสดี"],
      ["Привет, ёжик", "привет", "ежик", "ПРИВЕТ"],
      ["안녕하세요 세계", "안녕하세요", "세계"],
      ["서울에서 만나요, 집은 멀어요", "서울", "집", "만나"],
      ["नमस्ते दुनिया", "नमस्ते", "दुनिया"],
      ["Ελληνικός λόγος", "ελληνικος", "ΛΟΓΟΣ"],
      ["שָׁלוֹם עולם", "שלום"],
      ["בֵּית־סֵפֶר", "ספר", "בית", "בית ספר", "בית־ספר"],
      ["بِسۡمِ ٱللَّهِ", "بسم", "الله"],
      ["great 👍🏽 🇹🇷 👨‍👩‍👧", "👍", "👍🏿", "🇹🇷", "👩"],
      ["straße naïve Łódź", "strasse", "naive", "lodz"],
      ["see https://example.com/path", "https://example.com/path", "example.com"],
    ];
    const events = notes(...found.map(([content]) => content));
    await store.insert(events);
    for (const [n, [content, ...queries]] of found.entries()) {
      for (const query of queries) {
        assert.deepEqual(await ask(store, search(query)), [events[n]?.id], `${query}: ${content}`);
      }
    }
    for (const query of ["都東", "orld", "京", "مرحب العالم", "🇺🇸", "!!!", "x"]) {
      const expected = query === "京" ? [events[1]?.id] : [];
      assert.deepEqual(await ask(store, search(query)), expected, query);
    }
  });

  test("50, 31: what expires while an answer is taken is not in the rest of it", async (store) => {
    const events = Array.from({ length: 5 }, (_, n) =>
      madeUp({ content: "fig", created_at: n, tags: [["expiration", "100"]] }),
    );
    await store.insert(events);
    const view = { now: 99, readers: new Set<never>() };
    let late = 0;
    for await (const page of store.query([filter(search("fig"))], view)) {
      if (view.now === 100) late += page.length;
      if (page.length > 0) view.now = 100;
    }
    // A thread may have read one ahead.
    assert.ok(late <= 1, `${late} came late`);
  });

  test("50: the most relevant come first, and limits apply to that order", async (store) => {
    const filler = "and then there was nothing more to say about any of it".repeat(3);
    const events = notes(
      "fig jam and more fig jam", // 0: both, twice, together
      "the jam and the fig", // 1: both, apart
      `fig jam ${filler}`, // 2: once, in a long text
      "figs in jam", // 3: one of them only begins a word
      "fig", // 4: one of two
    );
    await store.insert(events);
    const order = [0, 1, 2, 3].map((n) => events[n]?.id);
    const found = await ask(store, search("fig jam"));
    assert.deepEqual([found[0], [...found].sort()], [order[0], [...order].sort()]);
    assert.deepEqual(await ask(store, { ...search("fig jam"), limit: 1 }), [events[0]?.id]);
    const [exact, open] = notes("fig", "figs");
    assert.ok(exact && open);
    const best = await ask(store, { ...search("fig"), since: 3 });
    assert.equal(best[0], events[4]?.id);
  });

  test("50: of equals the newest comes first", async (store) => {
    const events = Array.from({ length: 120 }, (_, n) =>
      madeUp({ content: "same", created_at: n }),
    );
    await store.insert(events);
    assert.deepEqual(await ask(store, search("same")), idsInOrder(events));
    assert.deepEqual(
      await ask(store, { ...search("same"), limit: 7 }),
      idsInOrder(events).slice(0, 7),
    );
  });

  test("50: all other conditions hold, too", async (store) => {
    const base = { content: "needle", tags: [["t", "a"]], created_at: 5 };
    const wanted = madeUp(base);
    await store.insert([
      wanted,
      madeUp({ ...base, pubkey: key(2) }),
      madeUp({ ...base, kind: 30_023 }),
      madeUp({ ...base, tags: [] }),
      madeUp({ ...base, created_at: 4 }),
      madeUp({ ...base, content: "hay" }),
    ]);
    const conditions = { authors: new Set([key(1)]), kinds: new Set([1]), since: 5, until: 5 };
    const all: Partial<Filter> = { ...search("needle"), ...conditions, tags: tagged("t", "a") };
    assert.deepEqual(await ask(store, all), [wanted.id]);
    assert.deepEqual(await ask(store, { ...search("needle"), ids: new Set([wanted.id]) }), [
      wanted.id,
    ]);
    assert.deepEqual(await ask(store, { ...search("hay"), ids: new Set([wanted.id]) }), []);
    assert.deepEqual(await authors(store, [filter(all)]), [wanted.pubkey]);
    assert.equal(await store.count([filter(search("needle"))]), 5);
  });

  test("50: what is not for reading is not searched", async (store) => {
    const profile = madeUp({
      kind: 0,
      content: '{"name":"Jack","about":"beard","picture":"p.png"}',
    });
    const article = madeUp({
      kind: 30_023,
      content: "body",
      tags: [
        ["title", "Headline"],
        ["d", "slug"],
      ],
    });
    const sealed = [4, 7, 1059, 10_002, 13].map((kind) =>
      madeUp({ kind, content: "beard headline" }),
    );
    await store.insert([
      profile,
      article,
      ...sealed,
      madeUp({ kind: 0, pubkey: key(2), content: "{" }),
    ]);
    assert.deepEqual(await ask(store, search("jack beard")), [profile.id]);
    assert.deepEqual(await ask(store, search("headline body")), [article.id]);
    for (const query of ["picture", "png", "name", "slug"]) {
      assert.deepEqual(await ask(store, search(query)), [], query);
    }
  });

  test("50: a replaced version is found no more, an expired one is hidden", async (store) => {
    const old = madeUp({ kind: 0, created_at: 1, content: '{"name":"before"}' });
    const current = madeUp({ kind: 0, created_at: 2, content: '{"name":"after"}' });
    const fleeting = madeUp({ content: "fleeting", tags: [["expiration", "100"]] });
    await store.insert([old, current, fleeting]);
    assert.deepEqual(await ask(store, search("before")), []);
    assert.deepEqual(await ask(store, search("after")), [current.id]);
    const at = (now: number) => askAs({ now, readers: new Set() }, store, search("fleeting"));
    assert.deepEqual(await at(99), [fleeting.id]);
    assert.deepEqual(await at(100), []);
  });

  test("50: beside other filters, searches come first, each event once", async (store) => {
    const [one, two, three] = notes("one", "two one one", "three");
    assert.ok(one && two && three);
    await store.insert([one, two, three]);
    const found = await ask(store, {}, search("two"), search("one"));
    assert.deepEqual(found, [two.id, one.id, three.id]);
    const left = async (...filters: readonly Partial<Filter>[]) =>
      (await answer(store, filters.map(filter)))[1];
    assert.equal(await left(search("one")), "finish");
    assert.equal(await left({ ...search("one"), limit: 1 }), "more");
    assert.equal(await left(search("one"), search("two")), "finish");
  });

  test("50: of very many matches the newest are ranked", async (store) => {
    const events = Array.from({ length: 1_100 }, (_, n) =>
      madeUp({ created_at: n, content: n === 0 ? "rare rare rare" : `rare ${"word ".repeat(9)}` }),
    );
    await store.insert(events);
    const found = await ask(store, search("rare"));
    assert.equal(found.length, 1_000);
    assert.equal(found[0], events.at(-1)?.id);
    assert.equal(await store.count([filter(search("rare"))]), 1_100);
  });
}
