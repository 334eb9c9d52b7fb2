/**
 * Random stores asked random questions: a store must answer exactly as the reference does, in
 * outcomes, order, union, count and export.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { EventStore } from "../../src/store.ts";
import { arbitraryEvent, arbitraryFilter } from "../nostr/arbitrary.ts";
import { exported, texts } from "./ask.ts";

export interface Dose {
  /** Fixes every event and every question. */
  readonly seed: number;
  readonly events: number;
  readonly batch: number;
  readonly questions: number;
}

/** Fills both stores and asks them; `store` must be empty. */
export async function compareWithReference(store: EventStore, dose: Dose): Promise<void> {
  const { seed, batch } = dose;
  const reference = new MemoryStore();
  const events = fc.sample(arbitraryEvent, { seed, numRuns: dose.events });
  for (let at = 0; at < events.length; at += batch) {
    const some = events.slice(at, at + batch);
    assert.deepEqual(await store.insert(some), await reference.insert(some), `seed ${seed}`);
  }
  for (const filters of questions(events, dose)) {
    const actual = await texts(store, filters);
    const expected = await texts(reference, filters);
    if (actual.join() !== expected.join()) assert.fail(report(dose, filters, actual, expected));
    assert.equal(await store.count(filters), await reference.count(filters), report(dose, filters));
    for (const order of ["oldest first", "newest first"] as const) {
      const actual = await exported(store, filters, order);
      const expected = await exported(reference, filters, order);
      if (actual.join() !== expected.join()) assert.fail(report(dose, filters, actual, expected));
    }
  }
}

/** Mostly one filter, up to four. */
function questions(events: readonly VerifiedEvent[], dose: Dose): (readonly Filter[])[] {
  const question = fc.oneof(
    { weight: 2, arbitrary: fc.tuple(arbitraryFilter(events)) },
    { weight: 1, arbitrary: fc.array(arbitraryFilter(events), { maxLength: 4, size: "max" }) },
  );
  return fc.sample(question, { seed: dose.seed, numRuns: dose.questions });
}

function report(
  { seed }: Dose,
  filters: readonly Filter[],
  actual: readonly string[] = [],
  expected: readonly string[] = [],
): string {
  const surplus = actual.filter((json) => !expected.includes(json));
  const missing = expected.filter((json) => !actual.includes(json));
  const lines = [`seed ${seed}, filters ${fc.stringify(filters)}`];
  if (missing.length > 0) lines.push(`missing: ${missing.slice(0, 3).join("\n")}`);
  if (surplus.length > 0) lines.push(`surplus: ${surplus.slice(0, 3).join("\n")}`);
  return [...lines, `${actual.length} events, expected ${expected.length}`].join("\n");
}
