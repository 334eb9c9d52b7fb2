/** A middleman between real sockets: whatever it does is refused or noticed, as SPEC says. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import { encodeNpub, parsePublicKey, publicKeyOf } from "../../src/nostr/key.ts";
import { initiate } from "../../src/transport.ts";
import { bareClient, failure } from "./client.ts";
import { crypto, newKey, note } from "./events.ts";
import { type MiddlemanOptions, middleman, tap } from "./middleman.ts";
import { type Scope, type TestRelay, testRelay } from "./setup.ts";

const Secure = secureWebSocket();

test("a relay with another key is refused, and learns nothing", async (t) => {
  const relay = await testRelay(t);
  const other = encodeNpub(publicKeyOf(newKey(), crypto));
  const outcome = await failure(relay.address.replace(relay.npub, other), Secure);
  assert.deepEqual(outcome, { code: "offer-refused", closeCode: 1006, wasClean: false });
  assert.ok(relay.log.some(({ event }) => event === "handshake refused"));
});

test("an impostor that answers every offer is found out before anything is said", async (t) => {
  const [real, impostor] = [await testRelay(t), await testRelay(t)];
  const said: Buffer[] = [];
  // The impostor lets the client's offer go to a relay of its own, with an offer of its own.
  const { port } = await middleman(t, impostor.port, {
    offer: () => ownOffer(impostor),
    toRelay: (message) => {
      said.push(message);
      return [message];
    },
  });
  const outcome = await failure(at(real, port), Secure);
  assert.equal(outcome.code, "wrong-relay");
  assert.deepEqual(said, []);
});

test("an altered offer breaks the handshake", async (t) => {
  const relay = await testRelay(t);
  const { port } = await middleman(t, relay.port, {
    offer: (names) => ["npubwire.1-weaker", ...names],
  });
  assert.equal((await failure(at(relay, port), Secure)).wasClean, false);
  assert.ok(relay.log.some(({ fields }) => fields?.["reason"] === "wrong-relay"));
});

test("a plain relay behind the address gets nothing", async (t) => {
  const relay = await testRelay(t);
  for (const selected of [false, "nostr", "npubwire.1"] as const) {
    const said: unknown[] = [];
    const plain = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: () => selected,
    });
    t.after(() => plain.close());
    plain.on("connection", (socket) => {
      socket.on("message", (data) => said.push(data));
      socket.send('["AUTH","challenge"]');
    });
    await once(plain, "listening");
    const { port } = plain.address() as AddressInfo;
    assert.equal((await failure(at(relay, port), Secure)).code, "not-npubwire", `${selected}`);
    assert.deepEqual(said, []);
  }
});

test("a flipped bit on the way to the relay ends the session, and nothing is stored", async (t) => {
  const relay = await testRelay(t);
  const outcome = await publishThrough(t, relay, {
    toRelay: (message, index) => [index === 1 ? flipped(message) : message],
  });
  assert.deepEqual(outcome, { answered: false, wasClean: false });
  assert.equal(await countStored(relay), 0);
});

test("a flipped bit on the way to the client is never shown", async (t) => {
  const relay = await testRelay(t);
  // Message 0 is the handshake, 1 the verdict, 2 the OK.
  const outcome = await publishThrough(t, relay, {
    toClient: (message, index) => [index === 2 ? flipped(message) : message],
  });
  assert.deepEqual(outcome, { answered: false, wasClean: false });
});

test("a replayed frame ends the session", async (t) => {
  const relay = await testRelay(t);
  const outcome = await publishThrough(t, relay, {
    toRelay: (message, index) => (index === 1 ? [message, message] : [message]),
  });
  assert.equal(outcome.wasClean, false);
  assert.equal(await countStored(relay), 1);
});

test("reordered frames end the session", async (t) => {
  const relay = await testRelay(t);
  const held: Buffer[] = [];
  const outcome = await publishThrough(t, relay, {
    toRelay(message, index) {
      if (index === 0) return [message];
      held.push(message);
      return held.length === 2 ? held.reverse() : [];
    },
  });
  assert.deepEqual(outcome, { answered: false, wasClean: false });
  assert.equal(await countStored(relay), 0);
});

test("a dropped frame is noticed with the next", async (t) => {
  const relay = await testRelay(t);
  const outcome = await publishThrough(t, relay, {
    toRelay: (message, index) => (index === 1 ? [] : [message]),
  });
  assert.deepEqual(outcome, { answered: false, wasClean: false });
  assert.equal(await countStored(relay), 0);
});

test("a frame sent back to its sender ends the session", async (t) => {
  const relay = await testRelay(t);
  const fromClient: Buffer[] = [];
  const outcome = await publishThrough(t, relay, {
    toRelay(message) {
      fromClient.push(message);
      return [message];
    },
    toClient: (message, index) => [index === 1 ? (fromClient[0] ?? message) : message],
  });
  assert.deepEqual(outcome, { answered: false, wasClean: false });
});

test("a socket that is cut without the authenticated close is reported as truncated", async (t) => {
  const relay = await testRelay(t);
  const wire = await tap(t, relay.port);
  const client = await bareClient(at(relay, wire.port), Secure);
  client.send('["REQ","s",{"limit":0}]');
  assert.deepEqual(await client.next(), ["EOSE", "s"]);
  wire.cut();
  const { code, reason, wasClean } = await client.closed;
  assert.deepEqual([code, wasClean], [1006, false]);
  assert.match(reason, /^truncated: /);
});

test("a WebSocket close in the middleman's name is no close", async (t) => {
  const relay = await testRelay(t);
  const { port } = await middleman(t, relay.port, {});
  const client = await bareClient(at(relay, port), Secure);
  client.send('["REQ","s",{"limit":0}]');
  await client.next();
  await relay.close(); // closes in order: the authenticated close frame comes first
  assert.deepEqual(await client.closed, {
    code: 4001,
    reason: "the relay is shutting down",
    wasClean: true,
  });
});

/** Publishes two notes in two frames through a middleman. */
async function publishThrough(
  t: Scope,
  relay: TestRelay,
  options: MiddlemanOptions,
): Promise<{ readonly answered: boolean; readonly wasClean: boolean }> {
  const { port } = await middleman(t, relay.port, options);
  const client = await bareClient(at(relay, port), Secure);
  const answer = client.next().then(
    () => true,
    () => false,
  );
  client.send(JSON.stringify(["EVENT", note()]));
  await Promise.resolve(); // the second one leaves in a frame of its own
  await new Promise<void>((next) => setImmediate(next));
  client.send('["REQ","after",{"limit":0}]');
  const { wasClean } = await client.closed;
  return { answered: await answer, wasClean };
}

async function countStored(relay: TestRelay): Promise<number> {
  const client = await bareClient(relay.address, Secure);
  client.send('["REQ","all",{}]');
  let count = 0;
  while (((await client.next()) as unknown[])[0] === "EVENT") count++;
  await client.close();
  return count;
}

function at(relay: TestRelay, port: number): string {
  return relay.address.replace(`:${relay.port}`, `:${port}`);
}

function flipped(message: Buffer): Buffer {
  const copy = Buffer.from(message);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}

/** A valid offer for the impostor's own key. */
function ownOffer(relay: TestRelay): readonly string[] {
  const key = parsePublicKey(relay.npub);
  assert.ok(key.ok);
  return initiate(key.value, crypto).protocols;
}
