import assert from "node:assert/strict";
import { test } from "node:test";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { indexedTags, parseEvent, verifyEvent } from "../../../src/nostr/event.ts";
import { parseFilter } from "../../../src/nostr/filter.ts";
import { Dice } from "./dice.ts";
import { mixed, queryKinds } from "./query-mix.ts";
import { AUTHORS, EVENT_BYTES, EventSeries } from "./series.ts";

const crypto = createNodeCrypto();
const series = new EventSeries(1, crypto);

test("every event is right, has 766 bytes and five indexed tags", () => {
  for (const index of [0, 1, 5_000, -1, -100_000]) {
    const { json } = series.signed(index);
    const event = parseEvent(JSON.parse(json));
    assert.ok(event.ok && verifyEvent(event.value, crypto).ok);
    assert.equal(Buffer.byteLength(json), EVENT_BYTES);
    assert.equal(indexedTags(event.value).length, 5);
  }
});

test("an event is the same in every run, and another with another number or seed", () => {
  const { id } = series.signed(3);
  assert.equal(new EventSeries(1, crypto).unsigned(3).id, id);
  assert.notEqual(series.unsigned(4).id, id);
  assert.notEqual(new EventSeries(2, crypto).unsigned(3).id, id);
});

test("later events are newer, give or take the hour that some come late", () => {
  const [old, young] = [series.unsigned(-1_000), series.unsigned(1_000)];
  assert.ok(young.created_at - old.created_at > 2_000 * 10 - 3_600);
});

test("a tenth of the authors write almost half of the events", () => {
  const busy = new Set(Array.from({ length: AUTHORS / 10 }, (_, number) => series.author(number)));
  const events = Array.from({ length: 1_000 }, (_, index) => series.unsigned(index));
  const share = events.filter(({ pubkey }) => busy.has(pubkey)).length / events.length;
  assert.ok(share > 0.4 && share < 0.52, `${share}`);
});

test("requests are filters, of four kinds in equal parts, the same for everybody", () => {
  const mix = mixed(queryKinds(series));
  const filters = Array.from({ length: 8 }, () => mix.filter());
  assert.deepEqual(
    filters.map((filter) => (JSON.parse(filter) as { limit: number }).limit),
    [20, 50, 50, 500, 20, 50, 50, 500],
  );
  for (const filter of filters) assert.ok(parseFilter(JSON.parse(filter)).ok);
  const others = mixed(queryKinds(new EventSeries(1, crypto)));
  assert.deepEqual(
    filters.map(() => others.filter()),
    filters,
  );
});

test("dice fall alike for a seed and a stream, and all over", () => {
  const throws = (seed: number, stream: number): readonly number[] => {
    const dice = new Dice(seed, stream);
    return Array.from({ length: 600 }, () => dice.below(6));
  };
  assert.deepEqual(throws(1, 2), throws(1, 2));
  assert.notDeepEqual(throws(1, 2), throws(1, 3));
  for (let side = 0; side < 6; side++) {
    const count = throws(1, 2).filter((thrown) => thrown === side).length;
    assert.ok(count > 60 && count < 140, `${side}: ${count} of 600`);
  }
});
