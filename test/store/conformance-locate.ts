/** `locate`: the places of what `query` gives. */

import assert from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import { parseFilter } from "../../src/nostr/filter.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { filter, places, tagged, texts } from "./ask.ts";
import type { Test } from "./conformance.ts";

export function locating(test: Test): void {
  test("gives the places of what is asked for, in the order of answers", async (store) => {
    const events = Array.from({ length: 1100 }, (_, n) =>
      madeUp({ created_at: n >> 1, kind: n % 3, tags: [["t", `${n % 2}`]] }),
    );
    await store.insert(events);
    const questions: readonly Partial<Filter>[][] = [
      [{}],
      [{ limit: 0 }],
      [{ limit: 700, since: 10, until: 500 }],
      [{ tags: tagged("t", "1") }, { kinds: new Set([2]), limit: 30 }],
      // More values than SQL tries on each row.
      [{ tags: tagged("t", "0"), kinds: new Set(Array.from({ length: 100 }, (_, n) => 2 * n)) }],
    ];
    for (const question of questions) {
      const found = await texts(store, question.map(filter));
      const expected = found.map((json) => {
        const { created_at, id } = JSON.parse(json) as NostrEvent;
        return { created_at, id };
      });
      assert.deepEqual(await places(store, question.map(filter)), expected);
    }
  });

  test("gives what a search or an & condition finds, newest first", async (store) => {
    const [old, between, recent] = ["wolf", "", "a wolf and many sheep"].map((content, n) =>
      madeUp({ created_at: n, content, tags: [["t", "a"], ...(n > 0 ? [["t", "b"]] : [])] }),
    );
    assert.ok(old && between && recent);
    await store.insert([old, between, recent]);
    const locate = async (value: object) => {
      const parsed = parseFilter(value);
      assert.ok(parsed.ok);
      return (await places(store, [parsed.value])).map(({ id }) => id);
    };
    assert.deepEqual(await locate({ search: "wolf" }), [recent.id, old.id]);
    assert.deepEqual(await locate({ search: "wolf", limit: 1 }), [recent.id]);
    assert.deepEqual(await locate({ "&t": ["a", "b"] }), [recent.id, between.id]);
  });

  test("31, 32: leaves out what the view does not show", async (store) => {
    const note = madeUp({ created_at: 3 });
    const expired = madeUp({ created_at: 2, tags: [["expiration", "5"]] });
    const wrap = madeUp({ created_at: 1, kind: 1059, tags: [["p", key(1)]] });
    await store.insert([note, expired, wrap]);
    const seenBy = async (now: number, ...readers: readonly number[]) => {
      const view = { now, readers: new Set(readers.map(key)) };
      return (await places(store, [filter({})], view)).map(({ id }) => id);
    };
    assert.deepEqual(await seenBy(4), [note.id, expired.id]);
    assert.deepEqual(await seenBy(5), [note.id]);
    assert.deepEqual(await seenBy(5, 1), [note.id, wrap.id]);
  });
}
