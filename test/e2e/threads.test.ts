import assert from "node:assert/strict";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { bareClient } from "./client.ts";
import { newKey, note } from "./events.ts";
import { testRelay } from "./setup.ts";

test("events are judged alike where threads check their signatures", async (t) => {
  const relay = await testRelay(t, { config: { threads: 2 } });
  const client = await bareClient(relay.address, secureWebSocket());
  const key = newKey();
  const valid = Array.from({ length: 80 }, (_, i) => note({ content: `note ${i}` }, key));
  const [first, second, third] = valid;
  assert.ok(first && second && third);
  const forged = { ...note({ content: "forged" }, key), sig: first.sig };
  const changed = { ...second, content: "changed" };
  const events = [...valid.slice(0, 40), forged, changed, ...valid.slice(40)];
  for (const event of events) client.send(JSON.stringify(["EVENT", event]));
  const answers = new Map<unknown, unknown[]>();
  for (const _ of events) {
    const [verb, id, accepted, reason] = (await client.next()) as unknown[];
    assert.equal(verb, "OK");
    answers.set(id, [...(answers.get(id) ?? []), accepted, reason]);
  }
  assert.deepEqual(answers.get(forged.id), [false, "invalid: signature does not verify"]);
  const ofSecond = answers.get(second.id) ?? [];
  assert.deepEqual(ofSecond.filter((each) => each === true).length, 1);
  assert.ok(ofSecond.includes("invalid: id does not match the event"));
  for (const { id } of [first, third, ...valid.slice(3)]) {
    assert.deepEqual(answers.get(id), [true, ""]);
  }
  await client.close();
});
