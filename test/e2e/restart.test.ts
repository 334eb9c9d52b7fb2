import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { bareClient } from "./client.ts";
import { newKey, note } from "./events.ts";
import { relayProcess } from "./process.ts";
import { testFolder } from "./setup.ts";

test("a relay that is killed keeps every event that it acknowledged", async (t) => {
  const data = testFolder(t);
  const first = await relayProcess(t, data);
  const client = await bareClient(first.announced.address, secureWebSocket());
  const key = newKey();
  const events = Array.from({ length: 200 }, (_, i) => note({ content: `note ${i}` }, key));
  for (const event of events) client.send(JSON.stringify(["EVENT", event]));
  const acknowledged = new Set<unknown>();
  while (acknowledged.size < 100) {
    const [verb, id, accepted] = (await client.next()) as unknown[];
    assert.deepEqual([verb, accepted], ["OK", true]);
    acknowledged.add(id);
  }
  first.process.kill("SIGKILL");
  await once(first.process, "exit");
  const second = await relayProcess(t, data);
  assert.equal(second.announced.npub, first.announced.npub);
  const reader = await bareClient(second.announced.address, secureWebSocket());
  reader.send('["REQ","all",{"limit":1000}]');
  const found = new Set<unknown>();
  for (;;) {
    const [verb, , event] = (await reader.next()) as [string, string, { id: string }];
    if (verb === "EOSE") break;
    found.add(event.id);
  }
  for (const id of acknowledged) assert.ok(found.has(id));
  await reader.close();
});
