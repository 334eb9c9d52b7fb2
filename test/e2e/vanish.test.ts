/** A key vanishes from a whole relay: by each of its names, from the files, and for good. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { Author, NOW, Session, STORED } from "../relay/conformance/session.ts";
import { bareClient } from "./client.ts";
import { testRelay } from "./setup.ts";

const SECRET = "what they want to take back";

test("nothing of a key is left in the files, and nothing comes back after a restart", async (t) => {
  const author = new Author();
  const notes = [1, 2, 3].map((i) =>
    author.sign({ created_at: NOW + i, content: `${SECRET} ${i}` }),
  );
  const request = author.sign({ kind: 62, created_at: NOW + 9, tags: [["relay", "ALL_RELAYS"]] });
  const occurrences = (folder: string) =>
    readdirSync(folder).filter((name) => readFileSync(`${folder}/${name}`).includes(SECRET));

  const first = await testRelay(t);
  const before = new Session(await bareClient(first.address, secureWebSocket()));
  await before.publishAll(notes);
  assert.notDeepEqual(occurrences(first.data), []);
  assert.deepEqual(await before.publish(request), STORED);
  assert.deepEqual(occurrences(first.data), []);
  await first.close();

  const second = await testRelay(t, { data: first.data });
  const after = new Session(await bareClient(second.address, secureWebSocket()));
  for (const note of notes) assert.match((await after.publish(note)).reason, /^blocked: /);
  assert.deepEqual(await after.stored({ authors: [author.pubkey] }), [request.id]);
});

test("a request may name the relay in each of its ways, and must name this one", async (t) => {
  const relay = await testRelay(t, { config: { addresses: ["ws://Relay.example:80/path"] } });
  const local = `ws://127.0.0.1:${relay.port}`;
  const session = new Session(
    await bareClient(
      relay.address.replace("relay.example/path", `127.0.0.1:${relay.port}`),
      secureWebSocket(),
    ),
  );
  const ask = async (url: string) => {
    const request = new Author().sign({ kind: 62, tags: [["relay", url]] });
    return (await session.publish(request)).accepted;
  };
  const own = [
    relay.address,
    "ws://relay.example/path",
    "WS://RELAY.EXAMPLE:80/path/",
    "ws://relay.example./path",
  ];
  for (const url of own) assert.equal(await ask(url), true, url);
  const others = [
    local,
    "ws://relay.example",
    "ws://relay.example/other",
    "wss://relay.example/path",
    "ws://relay.example:81/path",
    "https://relay.example/path",
    "relay",
  ];
  for (const url of others) assert.equal(await ask(url), false, url);
});
