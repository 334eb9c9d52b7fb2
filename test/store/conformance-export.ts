/** The part of the conformance suite that exports. */

import assert from "node:assert/strict";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import type { EventId } from "../../src/nostr/key.ts";
import type { EventStore, ExportOrder } from "../../src/store.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { exported, filter, idsInOrder, tagged } from "./ask.ts";
import type { Test } from "./conformance.ts";

export function exporting(test: Test): void {
  test("both orders are total, and each is the other's reverse", async (store) => {
    const events = Array.from({ length: 1700 }, (_, n) =>
      madeUp({ created_at: n % 400, content: `${n}` }),
    );
    await store.insert(events);
    const newestFirst = idsInOrder(events);
    assert.deepEqual(await ids(store, "newest first", {}), newestFirst);
    assert.deepEqual(await ids(store, "oldest first", {}), [...newestFirst].reverse());
  });

  test("twins come in the order of their ids, whatever their arrival", async (store) => {
    const twins = twinsOf(7, "abcdef00");
    const others = [madeUp({ created_at: 6 }), madeUp({ created_at: 8 })];
    await store.insert([twins[2], twins[0], twins[3], twins[1], ...others]);
    const newestFirst = idsInOrder([...twins, ...others]);
    assert.deepEqual(await ids(store, "newest first", {}), newestFirst);
    assert.deepEqual(await ids(store, "oldest first", {}), [...newestFirst].reverse());
    const some = { ids: new Set([twins[0].id, twins[3].id]) };
    assert.deepEqual(await ids(store, "newest first", some), [twins[0].id, twins[3].id]);
  });

  test("neighbours across the border of a second stay apart", async (store) => {
    const last = madeUp({ created_at: 4, id: "0".repeat(64) as EventId });
    const first = madeUp({ created_at: 5, id: "f".repeat(64) as EventId });
    await store.insert([first, last]);
    assert.deepEqual(await ids(store, "newest first", {}), [first.id, last.id]);
    assert.deepEqual(await ids(store, "oldest first", {}), [last.id, first.id]);
  });

  test("filters are a union, and limits are ignored", async (store) => {
    const events = Array.from({ length: 60 }, (_, n) =>
      madeUp({ created_at: n, kind: n % 3, pubkey: key(n), tags: [["t", `${n % 5}`]] }),
    );
    const stored = events.filter(({ kind }) => kind !== 0);
    await store.insert(stored);
    const oldestFirst = (wanted: (event: VerifiedEvent) => boolean) =>
      stored.filter(wanted).map(({ id }) => id);
    assert.deepEqual(
      await ids(store, "oldest first", { kinds: new Set([1]), limit: 2 }, { since: 10, until: 11 }),
      oldestFirst(({ kind, created_at }) => kind === 1 || created_at === 10 || created_at === 11),
    );
    assert.deepEqual(
      await ids(store, "oldest first", { tags: tagged("t", "2"), since: 20 }),
      oldestFirst(({ created_at }) => created_at % 5 === 2 && created_at >= 20),
    );
    assert.deepEqual(await ids(store, "oldest first", { since: 3, until: 2 }), []);
    assert.deepEqual(await ids(store, "oldest first", { kinds: new Set() }), []);
    assert.deepEqual(await ids(store, "oldest first"), []);
  });

  test("the caller may stop at any page, and write in between", async (store) => {
    await store.insert(Array.from({ length: 1200 }, (_, n) => madeUp({ created_at: n + 1 })));
    for await (const page of store.export([filter({})], "oldest first")) {
      assert.ok(page.length > 0 && page.length < 1200);
      assert.deepEqual(await store.insert([madeUp({ created_at: 0 })]), ["stored"]);
      break;
    }
    assert.equal((await ids(store, "newest first", {})).length, 1201);
  });
}

async function ids(
  store: EventStore,
  order: ExportOrder,
  ...filters: readonly Partial<Filter>[]
): Promise<readonly string[]> {
  const texts = await exported(store, filters.map(filter), order);
  return texts.map((json) => (JSON.parse(json) as VerifiedEvent).id);
}

type Four = readonly [VerifiedEvent, VerifiedEvent, VerifiedEvent, VerifiedEvent];

/** Events of one second whose ids agree in 32 bits, lowest id first. */
function twinsOf(created_at: number, prefix: string): Four {
  const twin = (digit: string) =>
    madeUp({ created_at, id: (prefix + digit.repeat(56)) as EventId });
  return [twin("1"), twin("2"), twin("3"), twin("4")];
}
