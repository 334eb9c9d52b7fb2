/**
 * Random stores asked random questions: a store must answer exactly as the reference does, in
 * outcomes, order, union, count and export.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { NostrEvent, VerifiedEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import type { View } from "../../src/nostr/visibility.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { EventStore, Place } from "../../src/store.ts";
import {
  arbitraryEvent,
  arbitraryFilter,
  arbitraryRequest,
  arbitraryView,
} from "../nostr/arbitrary.ts";
import { exported, places, texts } from "./ask.ts";

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
  const events = sampleEvents(dose);
  for (let at = 0; at < events.length; at += batch) {
    const some = events.slice(at, at + batch);
    assert.deepEqual(await store.insert(some), await reference.insert(some), `seed ${seed}`);
  }
  for (const [filters, view] of questions(events, dose)) {
    const actual = await texts(store, filters, view);
    const expected = await texts(reference, filters, view);
    const where = report(dose, filters, view, actual, expected);
    if (actual.join() !== expected.join()) assert.fail(where);
    const located = await places(store, filters, view);
    assert.deepEqual(located, expected.map(placeOf), where);
    assert.equal(await store.count(filters, view), await reference.count(filters, view), where);
    for (const order of ["oldest first", "newest first"] as const) {
      const actual = await exported(store, filters, order);
      const expected = await exported(reference, filters, order);
      if (actual.join() !== expected.join()) {
        assert.fail(report(dose, filters, undefined, actual, expected));
      }
    }
  }
}

/** A quarter as many requests to delete them as there are events, each event twice, in random order. */
function sampleEvents({ seed, events: numRuns }: Dose): readonly VerifiedEvent[] {
  const events = fc.sample(arbitraryEvent, { seed, numRuns });
  const requests = fc.sample(arbitraryRequest(events), { seed, numRuns: numRuns / 4 });
  const all = [...events, ...requests, ...events];
  return shuffle(all, seed);
}

export function shuffle<T>(items: readonly T[], seed: number): readonly T[] {
  const { length } = items;
  const whole = fc.shuffledSubarray([...items], { minLength: length, maxLength: length });
  return fc.sample(whole, { seed, numRuns: 1 })[0] ?? [];
}

type Question = readonly [filters: readonly Filter[], view: View | undefined];

/** Mostly one filter, up to four; in every second question, as somebody sees it. */
function questions(events: readonly VerifiedEvent[], dose: Dose): Question[] {
  const question = fc.oneof(
    { weight: 2, arbitrary: fc.tuple(arbitraryFilter(events)) },
    { weight: 1, arbitrary: fc.array(arbitraryFilter(events), { maxLength: 4, size: "max" }) },
  );
  const view = fc.option(arbitraryView, { freq: 1, nil: undefined });
  return fc.sample(fc.tuple(question, view), { seed: dose.seed, numRuns: dose.questions });
}

function placeOf(json: string): Place {
  const { created_at, id } = JSON.parse(json) as NostrEvent;
  return { created_at, id };
}

function report(
  { seed }: Dose,
  filters: readonly Filter[],
  view: View | undefined,
  actual: readonly string[],
  expected: readonly string[],
): string {
  const surplus = actual.filter((json) => !expected.includes(json));
  const missing = expected.filter((json) => !actual.includes(json));
  const lines = [`seed ${seed}, filters ${fc.stringify(filters)}`, `view ${fc.stringify(view)}`];
  if (missing.length > 0) lines.push(`missing: ${missing.slice(0, 3).join("\n")}`);
  if (surplus.length > 0) lines.push(`surplus: ${surplus.slice(0, 3).join("\n")}`);
  return [...lines, `${actual.length} events, expected ${expected.length}`].join("\n");
}
