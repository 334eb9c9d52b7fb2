/** A write-policy plugin behind a whole relay: what clients are told, and what others see of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { publicKeyOf } from "../../src/nostr/key.ts";
import { CONTRARY } from "../policy/plugin-setup.ts";
import { Session } from "../relay/conformance/session.ts";
import { bareClient } from "./client.ts";
import { crypto, newKey, note } from "./events.ts";
import { type Scope, testRelay } from "./setup.ts";

const config = { writePolicy: { plugin: CONTRARY } };

async function session(t: Scope, address: string, signer = secretKeySigner(newKey())) {
  const client = await bareClient(address, secureWebSocket({ signer }));
  t.after(() => client.close());
  return new Session(client);
}

test("a plugin decides on what is stored and passed on, and survives its failures", async (t) => {
  const relay = await testRelay(t, { config });
  const writer = await session(t, relay.address);
  const listener = await session(t, relay.address);
  assert.deepEqual(await listener.request("live", {}), []);
  const accepted = [];
  for (const [content, expected] of [
    ["accept", [true, ""]],
    ["reject", [false, "blocked: as you wish"]],
    ["shadow", [true, "thank you"]],
    ["exit", [false, "error: internal error"]],
    ["oversized", [false, "error: internal error"]],
  ] as const) {
    for (const kind of [1, 20_000]) {
      const event = note({ kind, content });
      if (expected[0] && expected[1] === "") accepted.push(event);
      const { accepted: ok, reason } = await writer.publish(event);
      assert.deepEqual([ok, reason], expected, `${content}, kind ${kind}`);
      const next = note({ content: "accept" });
      accepted.push(next);
      assert.equal((await writer.publish(next)).accepted, true);
    }
  }
  assert.deepEqual(
    await listener.live(),
    accepted.map((event) => event.id),
  );
  const stored = accepted.filter((event) => event.kind === 1).map((event) => event.id);
  assert.deepEqual([...(await listener.stored({}))].sort(), stored.sort());
});

test("a plugin knows the key that the client has proved, and not the relay's own", async (t) => {
  const key = newKey();
  process.env["RELAY_KEY_OF_TEST"] = Buffer.from(newKey()).toString("hex");
  t.after(() => void delete process.env["RELAY_KEY_OF_TEST"]);
  const relay = await testRelay(t, {
    config: { ...config, key: { environment: "RELAY_KEY_OF_TEST" } },
  });
  const writer = await session(t, relay.address, secretKeySigner(key));
  const { reason } = await writer.publish(note({ content: "echo" }));
  const { event: _, receivedAt, ...request } = JSON.parse(reason.replace("blocked: ", ""));
  const authed = publicKeyOf(key, crypto);
  assert.deepEqual(request, { type: "new", sourceType: "IP4", sourceInfo: "127.0.0.1", authed });
  assert.equal(typeof receivedAt, "number");
  for (const [name, expected] of [
    ["RELAY_KEY_OF_TEST", "undefined"],
    ["PATH", process.env["PATH"]],
  ]) {
    const asking = note({ content: "environment", tags: [[String(name)]] });
    assert.equal((await writer.publish(asking)).reason, `blocked: ${expected}`);
  }
});

test("a relay that closes does not wait for a plugin that hangs", async (t) => {
  const relay = await testRelay(t, { config });
  const writer = await session(t, relay.address);
  const event = note({ content: "hang" });
  const answer = writer.publish(event);
  while (!relay.log.some(({ fields }) => fields?.["line"] === "hanging")) {
    await new Promise(setImmediate);
  }
  await relay.close();
  assert.deepEqual(await answer, { accepted: false, reason: "error: internal error" });
});
