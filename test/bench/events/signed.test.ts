import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EventCursor, SignedEvents } from "./signed.ts";

const data: string = mkdtempSync(join(tmpdir(), "npubwire-bench-test-"));
after(() => rmSync(data, { recursive: true }));

function open(part: "live" | "stored" = "live"): SignedEvents {
  return new SignedEvents({ data, seed: 1 }, part);
}

function idsOf(messages: readonly string[]): readonly string[] {
  return messages.map((text) => (JSON.parse(text) as [string, { id: string }])[1].id);
}

test("what was signed once is found again, and more is added to it", () => {
  const first = open();
  const messages = first.messages(0, 3);
  first.close();
  const again = open();
  assert.deepEqual(again.messages(0, 3), messages, "signatures are random, so these are the same");
  const { series } = again;
  assert.deepEqual(
    idsOf(again.messages(2, 5)),
    [2, 3, 4].map((index) => series.signed(index).id),
  );
  again.close();
});

test("stored events are those before event 0, the last one first", () => {
  const events = open("stored");
  assert.deepEqual(
    idsOf(events.messages(0, 2)),
    [-1, -2].map((index) => events.series.signed(index).id),
  );
  events.close();
});

test("a cursor hands out nothing twice but what was not used", () => {
  const events = open();
  const cursor = new EventCursor(events);
  const reserved = cursor.reserve(3);
  cursor.used(2);
  assert.deepEqual(cursor.reserve(1), reserved.slice(2));
  const [line = ""] = cursor.unsignedLines(1).toString().split("\n");
  assert.deepEqual([(JSON.parse(line) as { id: string }).id], idsOf(reserved.slice(2)));
  assert.deepEqual(idsOf(cursor.reserve(1)), [events.series.signed(3).id]);
  events.close();
});

test("a cursor with a memory goes on where the last run ended", () => {
  const events = open();
  const memory = join(data, "memory");
  new EventCursor(events, memory).used(3);
  assert.deepEqual(new EventCursor(events, memory).reserve(1), events.messages(3, 4));
  events.close();
});
