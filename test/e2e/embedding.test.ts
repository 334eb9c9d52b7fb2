/** Relays inside a program, on servers that they share with others. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import {
  attach,
  createRelay,
  type EmbeddedRelay,
  listen,
  MemoryStore,
  parseConfig,
  type RelayOptions,
} from "../../src/index.ts";
import { MemoryRulings } from "../../src/moderation/memory.ts";
import { selfSigned } from "../bench/certificate.ts";
import { bareClient, failure } from "./client.ts";
import { newKey, note } from "./events.ts";
import { type Scope, testFolder } from "./setup.ts";

const Secure = secureWebSocket();
const INFORMATION = { Accept: "application/nostr+json" };

test("what is for nobody else than the relay is answered by the relay", async (t) => {
  const relay = await memoryRelay(t);
  const server = createServer();
  attach(server, relay, { path: "/relay" });
  const url = await opened(t, server);
  assert.equal((await get(`${url}/relay`)).status, 426);
  assert.equal((await get(`${url}/relay`, INFORMATION)).status, 200);
  assert.equal((await get(`${url}/`)).status, 404);
  assert.equal(await upgradeStatus(`${url}/other`), 404);
  await (await bareClient(String(relay.address), Secure)).close();
});

test("other listeners get everything else, and nothing of what is the relay's", async (t) => {
  const relay = await memoryRelay(t);
  const asked: string[] = [];
  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    response.end("site");
  });
  // Without knowing of us, `ws` answers 400 to every path that is not its own.
  const other = new WebSocketServer({ server, path: "/other" });
  t.after(() => other.close());
  other.on("connection", (socket) => socket.send("other"));
  const detach = attach(server, relay);
  const url = await opened(t, server);
  assert.equal(JSON.parse((await get(url, INFORMATION)).body).version.length > 0, true);
  assert.equal((await get(url, { Accept: "text/html" })).body, "site");
  assert.equal((await get(`${url}/elsewhere`, INFORMATION)).body, "site");
  assert.deepEqual(asked, ["GET /", "GET /elsewhere"]);
  const socket = new WebSocket(`${url.replace("http", "ws")}/other`);
  assert.equal(String((await once(socket, "message"))[0]), "other");
  socket.close();
  const client = await bareClient(String(relay.address), Secure);

  detach();
  detach();
  assert.equal((await get(url, INFORMATION)).body, "site");
  assert.equal(relay.address, undefined);
  assert.equal(await upgradeStatus(`${url}/`), 400, "by `ws`, as it was before");
  client.send(JSON.stringify(["EVENT", note()]));
  assert.equal(((await client.next()) as unknown[])[2], true, "open connections live on");
  await client.close();
});

test("two relays on one server answer with their own keys, and one can go", async (t) => {
  const [first, second] = await Promise.all([memoryRelay(t), memoryRelay(t)]);
  const server = createServer();
  attach(server, first, { path: "/first" });
  attach(server, second, { path: "/second" });
  assert.throws(
    () => attach(server, second, { path: "/first" }),
    /ConfigError|attached at \/first/,
  );
  assert.throws(() => attach(server, second, { path: "first" }), /path: expected/);
  const url = await opened(t, server);
  const one = await bareClient(String(first.address), Secure);
  const two = await bareClient(String(second.address), Secure);
  const crossed = String(first.address).replace(/\/first$/, "/second");
  assert.equal((await failure(crossed, Secure)).code, "offer-refused");
  const keys = await Promise.all(
    ["/first", "/second"].map(async (path) =>
      JSON.parse((await get(url + path, INFORMATION)).body),
    ),
  );
  assert.notEqual(keys[0].self, keys[1].self);

  await first.close();
  assert.equal((await one.closed).code, 4001);
  assert.equal(await upgradeStatus(`${url}/first`), 404);
  two.send(JSON.stringify(["EVENT", note()]));
  assert.equal(((await two.next()) as unknown[])[2], true);
  await two.close();
  assert.throws(() => attach(server, first, { path: "/first" }), /closed/);
  await assert.rejects(listen(first), /closed/);
});

test("one relay listens twice, and its limits count for both", async (t) => {
  const relay = await memoryRelay(t, { connections: { maxPerAddress: 1 } });
  const [one, two] = [await listen(relay), await listen(relay, { port: 0 })];
  assert.notEqual(one.port, two.port);
  const client = await bareClient(one.address, Secure);
  assert.equal((await failure(two.address, Secure)).code, "rate-limited");
  await client.close();
});

test("on a server that speaks TLS, the address says so", async (t) => {
  const relay = await memoryRelay(t);
  const { key, certificate } = selfSigned("localhost");
  const server = createTlsServer({ key, cert: certificate });
  attach(server, relay, { path: "/relay" });
  const port = new URL(await opened(t, server)).port;
  assert.equal(relay.address, `nostr+wss://${relay.npub}@127.0.0.1:${port}/relay`);
});

test("what opens while the relay closes is closed with it", async (t) => {
  const relay = await memoryRelay(t);
  const opening = listen(relay);
  await relay.close();
  const { address } = await opening;
  assert.equal((await failure(address, Secure)).code, "unreachable");
});

test("listeners hear who comes, what is stored and who goes, and cannot break anything", async (t) => {
  const relay = await memoryRelay(t);
  const heard: string[] = [];
  relay.on("connection", () => {
    throw new Error("a listener's own fault");
  });
  relay.on("connection", ({ pubkeys }) => heard.push(`connection ${pubkeys.size}`));
  const gone = new Promise((resolve) => relay.on("disconnection", resolve));
  const off = relay.on("stored", ({ content }) => heard.push(content));
  relay.on("close", () => heard.push("close"));
  const { address } = await listen(relay);
  const client = await bareClient(address, Secure);
  const event = note({ content: "once" });
  for (const each of [event, event, note({ kind: 20_000, content: "ephemeral" })]) {
    client.send(JSON.stringify(["EVENT", each]));
    await client.next();
  }
  off();
  client.send(JSON.stringify(["EVENT", note({ content: "unheard" })]));
  await client.next();
  await client.close();
  await gone;
  await relay.close();
  await relay.close();
  assert.deepEqual(heard, ["connection 1", "once", "close"]);
});

test("what was handed in stays the caller's: the key is not wiped, the store not closed", async (t) => {
  const key = newKey();
  const copy = Uint8Array.from(key);
  const store = new MemoryStore();
  const make = () => createRelay({ config: settings(t), key, store });
  const first = await make();
  const { address } = await listen(first);
  const client = await bareClient(address, Secure);
  client.send(JSON.stringify(["EVENT", note({ content: "kept" })]));
  await client.next();
  await first.close();
  assert.deepEqual(Uint8Array.from(key), copy);
  const second = await make();
  t.after(() => second.close());
  assert.equal(second.npub, first.npub);
  const reader = await bareClient((await listen(second)).address, Secure);
  reader.send('["REQ","s",{}]');
  assert.match(JSON.stringify(await reader.next()), /kept/);
  await reader.close();
  await assert.rejects(createRelay({ config: settings(t), key: "nonsense", store }), {
    name: "KeyError",
  });
});

test("a relay that cannot be put together leaves nothing open", async (t) => {
  const config = settings(t);
  const rulings = Object.assign(new MemoryRulings(), {
    entries: () => {
      throw new Error("no rulings today");
    },
  });
  await assert.rejects(createRelay({ config, key: newKey(), rulings }), /no rulings today/);
  // SQLite folds its log into the file with the last connection.
  assert.deepEqual(readdirSync(config.data), ["events.sqlite"]);
});

function settings(t: Scope, more: object = {}): NonNullable<RelayOptions["config"]> {
  return parseConfig({ host: "127.0.0.1", port: 0, ...more }, { data: testFolder(t) });
}

async function memoryRelay(t: Scope, more: object = {}): Promise<EmbeddedRelay> {
  const relay = await createRelay({
    config: settings(t, more),
    key: newKey(),
    store: new MemoryStore(),
  });
  t.after(() => relay.close());
  return relay;
}

async function opened(t: Scope, server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function get(url: string, headers: Readonly<Record<string, string>> = {}) {
  const ask = request(url, { headers });
  ask.end();
  const [response] = (await once(ask, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

async function upgradeStatus(url: string): Promise<number | undefined> {
  const socket = new WebSocket(url.replace("http", "ws"));
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  response.resume();
  return response.statusCode;
}
