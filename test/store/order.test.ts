/**
 * NIP-09 does not care what came first. Two cases are left out, where it must matter: an `e` that
 * names one version of a replaceable event (was there an older one, it is gone already), and
 * requests to vanish (they take back the requests to delete that are there).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { hasVersions } from "../../src/nostr/kind.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { arbitraryEvent, arbitraryRequest, madeUp } from "../nostr/arbitrary.ts";
import { filter, texts } from "./ask.ts";
import { shuffle } from "./differential.ts";

function world(seed: number): readonly VerifiedEvent[] {
  const events = fc.sample(arbitraryEvent, { seed, numRuns: 80 });
  const versions = new Set(events.filter(({ kind }) => hasVersions(kind)).map(({ id }) => `${id}`));
  const requests = fc.sample(arbitraryRequest(events), { seed, numRuns: 40 }).map((request) =>
    madeUp({
      ...request,
      kind: 5,
      tags: request.tags.filter(([name, value]) => name !== "e" || !versions.has(value ?? "")),
    }),
  );
  return [...events, ...requests];
}

test("what deletions leave does not depend on the order of arrival", async () => {
  let deleted = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const events = world(seed);
    const left: (readonly string[])[] = [];
    for (const [n, store] of [new MemoryStore(), await openSqliteStore(":memory:")].entries()) {
      const outcomes = await store.insert(shuffle(events, 2 * seed + n));
      deleted += outcomes.filter((outcome) => outcome === "deleted").length;
      left.push(await texts(store, [filter({})]));
      await store.close();
    }
    assert.deepEqual(left[0], left[1], `seed ${seed}`);
    assert.ok((left[0] ?? []).length > 20);
  }
  assert.ok(deleted > 50, `${deleted}`);
});
