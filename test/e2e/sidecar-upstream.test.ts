/** A sidecar when the relay behind fails, or lies, and at the end of either, or of a client. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { WebSocket } from "ws";
import type { BareClient } from "./client.ts";
import { commandProcess, npubwire } from "./process.ts";
import { type TestRelay, testFolder, testSidecar } from "./setup.ts";
import { connected, dialled, reasons, roundTrip } from "./sidecar.ts";
import { nostrRelayCore, upstream } from "./upstreams.ts";

test("a relay behind that is down is said to be, and found again when it is back", async (t) => {
  const first = await nostrRelayCore(t);
  const sidecar = await testSidecar(t, first.url);
  const client = await connected(sidecar);
  await roundTrip(client);
  await first.die();
  const gone = { code: 4001, reason: "the relay behind this door is gone", wasClean: true };
  assert.deepEqual(await client.closed, gone);
  const early = await connected(sidecar);
  assert.deepEqual(await early.next(), [
    "NOTICE",
    "error: the relay behind this door is not reachable; try again later",
  ]);
  assert.deepEqual(await early.closed, {
    code: 4008,
    reason: "error: the relay behind this door is not reachable",
    wasClean: true,
  });
  await nostrRelayCore(t, { port: first.port });
  const late = await connected(sidecar);
  await roundTrip(late);
  await late.close();
  await sidecar.close();
  assert.deepEqual(reasons(sidecar), ["lost", "ECONNREFUSED"]);
});

test("a relay behind that closes in order is passed on as such", async (t) => {
  const relay = await upstream(t, (socket) =>
    socket.on("message", () => socket.close(1012, "bye")),
  );
  const client = await connected(await testSidecar(t, relay.url));
  client.send('["REQ","s",{}]');
  assert.deepEqual(await client.closed, { code: 4001, reason: "bye", wasClean: true });
});

const lies: Readonly<Record<string, (socket: WebSocket) => void>> = {
  "not-text": (socket) => socket.send(new Uint8Array([1, 2, 3])),
  "not-nostr": (socket) => socket.send("<html>502 Bad Gateway</html>"),
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: (socket) =>
    socket.send(JSON.stringify(["NOTICE", "x".repeat(5_000_000)])),
};
for (const [code, lie] of Object.entries(lies)) {
  test(`a relay behind that lies is cut off, with ${code} in the log`, async (t) => {
    const relay = await upstream(t, (socket) => socket.on("message", () => lie(socket)));
    const sidecar = await testSidecar(t, relay.url);
    const client = await connected(sidecar);
    client.send('["REQ","s",{}]');
    const { code: closeCode, wasClean } = await client.closed;
    assert.deepEqual([closeCode, wasClean], [4001, true]);
    await sidecar.close();
    assert.deepEqual(reasons(sidecar), [code]);
  });
}

test("a client that reads nothing slows the relay behind down, and misses nothing", async (t) => {
  const count = 400;
  const flood = (socket: WebSocket): void => {
    for (let index = 0; index < count; index++) {
      socket.send(JSON.stringify(["NOTICE", `${index} ${"x".repeat(100_000)}`]));
    }
  };
  const relay = await upstream(t, (socket) => socket.once("message", () => flood(socket)));
  const sidecar = await testSidecar(t, relay.url);
  const link = await dialled(sidecar);
  link.send('["REQ","s",{}]');
  link.pause();
  const heard: number[] = [];
  const complete = new Promise<void>((resolve) => {
    const message = (text: string): void => {
      heard.push(Number.parseInt(JSON.parse(text)[1], 10));
      if (heard.length === count) resolve();
    };
    link.start({ message, end: () => {} });
  });
  // Others are served meanwhile, which gives the flood all the time that it needs to come through.
  const other = await connected(await testSidecar(t, (await nostrRelayCore(t)).url));
  for (let turn = 0; turn < 200; turn++) await roundTrip(other);
  const [socket] = relay.sockets;
  assert.ok(socket && socket.bufferedAmount > 10_000_000);
  assert.deepEqual(heard, []);
  link.resume();
  await complete;
  assert.deepEqual(
    heard,
    heard.map((_, index) => index),
  );
  link.close(1000, "");
  await other.close();
});

test("a server that is no WebSocket server at all is not reached", async (t) => {
  const relay = await upstream(t, () => {});
  const sidecar = await testSidecar(t, `${relay.url.replace("ws", "wss")}/`);
  const client = await connected(sidecar);
  assert.equal((await client.closed).code, 4008);
});

test("a sidecar that ends says goodbye to both sides, and keeps its key", async (t) => {
  const { relay, sidecar, client, closed } = await served(t);
  await sidecar.close();
  assert.deepEqual(await client.closed, {
    code: 4001,
    reason: "the relay is shutting down",
    wasClean: true,
  });
  assert.equal(await closed, 4001);
  const again = await testSidecar(t, relay.url, { data: sidecar.data });
  assert.equal(again.npub, sidecar.npub);
});

test("a sidecar that finds its port taken leaves nothing behind", async (t) => {
  const relay = await nostrRelayCore(t);
  const taken = testSidecar(t, relay.url, { config: { port: relay.port } });
  await assert.rejects(taken, { code: "EADDRINUSE" });
});

test("a sidecar can be closed while the relay behind lets it wait", async (t) => {
  const silent = createServer().listen(0, "127.0.0.1");
  t.after(() => silent.close());
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const came = once(silent, "connection");
  const sidecar = await testSidecar(t, `ws://127.0.0.1:${port}`);
  const client = await connected(sidecar);
  const [socket] = await came;
  t.after(() => socket.destroy());
  await sidecar.close();
  assert.equal((await client.closed).code, 4001);
});

test("the command runs one, and the other commands go through it", async (t) => {
  const relay = await nostrRelayCore(t);
  const data = testFolder(t);
  const flags = ["--upstream", relay.url, "--host", "127.0.0.1", "--port", "0", "--data", data];
  const sidecar = commandProcess(["sidecar", ...flags, "--json"]);
  t.after(() => void sidecar.kill("SIGKILL"));
  const [line] = (await once(createInterface(sidecar.stdout), "line")) as [string];
  const { address, npub } = JSON.parse(line);
  const published = await npubwire(["publish", "--relay", address, "through a door"]);
  assert.equal(published.code, 0, published.err);
  const { out } = await npubwire(["req", "--relay", address, "--kind", "1"]);
  assert.equal(JSON.parse(out).content, "through a door");
  assert.ok(address.includes(npub));
  const over = once(sidecar, "exit");
  sidecar.kill("SIGTERM");
  assert.deepEqual(await over, [0, null]);
});

test("a client that leaves, in whatever way, takes its connection behind with it", async (t) => {
  const { client, closed } = await served(t);
  await client.close();
  assert.equal(await closed, 1000);
});

/** A client that has been served; `closed`: with which code its connection behind ends. */
async function served(t: test.TestContext): Promise<{
  readonly relay: { readonly url: string };
  readonly sidecar: TestRelay;
  readonly client: BareClient;
  readonly closed: Promise<unknown>;
}> {
  const relay = await nostrRelayCore(t);
  const sidecar = await testSidecar(t, relay.url);
  const client = await connected(sidecar);
  await roundTrip(client);
  const [socket] = relay.sockets;
  assert.ok(socket);
  const closed = new Promise((resolve) => socket.on("close", resolve));
  return { relay, sidecar, client, closed };
}
