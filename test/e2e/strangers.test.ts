/** Strangers at the door: what they send costs little, gets one answer, and never the relay's time. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { WebSocket } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import { type PublicKey, parsePublicKey } from "../../src/nostr/key.ts";
import { initiate, SUITE } from "../../src/transport.ts";
import { bareClient, failure } from "./client.ts";
import { crypto } from "./events.ts";
import { type TestRelay, testRelay } from "./setup.ts";

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

test("offers that are not well-formed get 400, those that do not open 403, without a body", async (t) => {
  const relay = await testRelay(t);
  const good = initiate(keyOf(relay), crypto).protocols[1] ?? "";
  const zeros = `${SUITE}.${"A".repeat(64)}`;
  for (const [offer, status] of [
    [good, 400], // the suite itself is missing
    [`${SUITE}, ${good}, ${good}`, 400],
    [`${SUITE}, ${SUITE}, ${good}`, 400],
    [`${SUITE}, ${good}, ${zeros}`, 400],
    [`${SUITE}, ${good.slice(0, -1)}`, 400],
    [`${SUITE}, ${good}=`, 400],
    [`${SUITE},, ${good}`, 400],
    [`${SUITE}, ${"x".repeat(2_000)}, ${good}`, 400],
    [`${SUITE}`, 400],
    [`npubwire.2, npubwire.2.${"A".repeat(64)}`, 403],
    [`${SUITE}, ${zeros}`, 403], // x = 0 is not on the curve
    [`${SUITE}, ${SUITE}.${"_".repeat(64)}`, 403], // x is above p
    [`other, ${SUITE}, ${good}`, 403], // not the offer that message 1 was made for
  ] as const) {
    const answer = await upgrade(relay, { "Sec-WebSocket-Protocol": offer });
    assert.deepEqual(answer, { status, body: "" }, offer);
  }
  for (const wrong of [
    { Upgrade: "h2c" },
    { "Sec-WebSocket-Version": "8" },
    { "Sec-WebSocket-Key": "short" },
  ]) {
    const headers = { "Sec-WebSocket-Protocol": `${SUITE}, ${good}`, ...wrong };
    assert.deepEqual(await upgrade(relay, headers), { status: 400, body: "" });
  }
  assert.deepEqual(await upgrade(relay, { "Sec-WebSocket-Protocol": `${SUITE}, ${good}` }), {
    status: 101,
    body: "",
  });
});

test("other paths are no relay, and strange requests harm nobody", async (t) => {
  const relay = await testRelay(t);
  assert.deepEqual(await upgrade(relay, {}, "/elsewhere"), { status: 404, body: "" });
  for (const path of ["//", "/%", "/?x=//"]) await upgrade(relay, {}, path);
  for (const bytes of ["\0\0\0\0", "GET / HTTP/1.1\r\nHost", `GET /${"x".repeat(100_000)}`]) {
    const socket = connect(relay.port, "127.0.0.1");
    socket.on("error", () => {}); // a reset, where it had more to say
    socket.resume();
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.end(bytes);
    await closed;
  }
  await (await bareClient(relay.address, secureWebSocket())).close();
});

test("too many handshakes from one address get 429, and the next minute is free", async (t) => {
  const config = { handshake: { maxPendingPerAddress: 2 } };
  const relay = await testRelay(t, { config });
  const silent = await Promise.all([silentClient(relay), silentClient(relay)]);
  assert.equal((await failure(relay.address, secureWebSocket())).code, "rate-limited");
  const [first] = silent;
  first?.close();
  await (first && once(first, "close"));
  await (await bareClient(relay.address, secureWebSocket())).close();
  for (const socket of silent) socket.terminate();
});

test("a client that does not say who it is in time is closed with one code", async (t) => {
  const relay = await testRelay(t, { config: { handshake: { authDeadlineSeconds: 1 } } });
  const socket = await silentClient(relay);
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  assert.deepEqual([code, reason.length], [4000, 0]);
});

test("a connection that never asks for anything is closed", async (t) => {
  const relay = await testRelay(t, { config: { handshake: { deadlineSeconds: 1 } } });
  const socket = connect(relay.port, "127.0.0.1");
  socket.resume();
  await once(socket, "close");
});

test("whatever the first frame is, a failure shows 4000 and nothing else", async (t) => {
  const relay = await testRelay(t);
  for (const frame of [
    Buffer.alloc(0),
    Buffer.alloc(15),
    Buffer.alloc(1_040),
    Buffer.alloc(65_535),
    Buffer.alloc(65_536),
    Buffer.alloc(1_000_000),
    '["REQ","s",{}]',
  ]) {
    const socket = await silentClient(relay);
    const heard: unknown[] = [];
    socket.on("message", (data) => heard.push(data));
    socket.send(frame);
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    assert.deepEqual([code, reason.length, heard.length], [4000, 0, 0]);
  }
});

test("a goodbye before the first frame is answered by 4000, and not by what it says", async (t) => {
  const relay = await testRelay(t);
  const socket = await silentClient(relay);
  socket.close(1000, "hello");
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  assert.deepEqual([code, reason.length], [4000, 0]);
});

test("NIP-11 is served for its type, with the relay's key and CORS", async (t) => {
  const relay = await testRelay(t, { config: { information: { name: "home", contact: "" } } });
  for (const accept of ["application/nostr+json", "text/html, Application/Nostr+JSON;q=0.9"]) {
    const { status, headers, body } = await get(relay, { Accept: accept });
    assert.equal(status, 200);
    assert.match(String(headers["content-type"]), /^application\/nostr\+json/);
    for (const name of ["origin", "headers", "methods"]) {
      assert.ok(headers[`access-control-allow-${name}`]);
    }
    const document = JSON.parse(body);
    assert.equal(document.name, "home");
    assert.equal("contact" in document, false);
    assert.equal(document.self, keyOf(relay));
    assert.deepEqual(
      document.supported_nips,
      [1, 9, 11, 17, 40, 42, 45, 50, 59, 62, 65, 67, 70, 77, 91],
    );
    assert.equal(document.limitation.auth_required, true);
  }
  const { status, body } = await get(relay, { Accept: "*/*" });
  assert.equal(status, 426);
  assert.ok(body.includes(relay.address));
  assert.equal((await get(relay, {}, "POST")).status, 405);
  assert.equal((await get(relay, {}, "OPTIONS")).status, 204);
});

/** A client that opens the channel and then says nothing. */
async function silentClient(relay: TestRelay): Promise<WebSocket> {
  const { protocols } = initiate(keyOf(relay), crypto);
  const socket = new WebSocket(relay.url, [...protocols], { perMessageDeflate: false });
  await once(socket, "message");
  return socket;
}

function keyOf(relay: TestRelay): PublicKey {
  const key = parsePublicKey(relay.npub);
  assert.ok(key.ok);
  return key.value;
}

function upgrade(
  relay: TestRelay,
  headers: Readonly<Record<string, string>>,
  path = "/",
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const { port } = relay;
    const ask = request({ host: "127.0.0.1", port, path, headers: { ...UPGRADE, ...headers } });
    ask.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, body: "" });
    });
    ask.on("response", async (response) => {
      resolve({ status: response.statusCode, body: await text(response) });
    });
    ask.on("error", reject);
    ask.end();
  });
}

async function get(relay: TestRelay, headers: Readonly<Record<string, string>>, method = "GET") {
  const ask = request({ host: "127.0.0.1", port: relay.port, method, headers });
  ask.end();
  const [response] = await once(ask, "response");
  return {
    status: response.statusCode as number,
    headers: response.headers as Record<string, string | undefined>,
    body: await text(response),
  };
}
