/** SecureWebSocketServer beside ws's own: what a relay's connection handler sees of both. */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, it, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { accept, reject } from "../../src/policy.ts";
import {
  type SecureServerSocket,
  SecureWebSocketServer,
  type SecureWebSocketServerOptions,
} from "../../src/server.ts";
import { UPGRADE } from "../server/upgrade.ts";
import { type BareClient, bareClient, failure } from "./client.ts";
import { crypto, newKey } from "./events.ts";
import type { Scope } from "./setup.ts";

const Secure = secureWebSocket();

describe("a connection handler", () => {
  for (const kind of ["ws", "secure"] as const) {
    it(`hears and says the same over ${kind}`, async (t) => {
      const { socket, client, request } = await pair(t, kind);
      assert.ok(request.socket.remoteAddress?.endsWith("127.0.0.1"));
      assert.deepEqual([socket.readyState, socket.OPEN, socket.CLOSED], [1, 1, 3]);
      assert.deepEqual([socket.isPaused, socket.bufferedAmount], [false, 0]);
      const heard: unknown[] = [];
      socket.on("message", (data, isBinary) => heard.push([data, isBinary]));
      socket.onmessage = ({ data, type }) => heard.push([type, data]);
      socket.addEventListener("message", ({ data }) => heard.push(data), { once: true });
      const removed = (): void => assert.fail("it was removed");
      socket.addEventListener("message", removed);
      socket.removeEventListener("message", removed);
      client.send('["one"]');
      await once(socket, "message");
      client.send('["two"]');
      await once(socket, "message");
      const [one, two] = [Buffer.from('["one"]'), Buffer.from('["two"]')];
      assert.deepEqual(
        new Set(heard),
        new Set([
          [one, false],
          ["message", '["one"]'],
          '["one"]',
          [two, false],
          ["message", '["two"]'],
        ]),
      );
      const sent = new Promise((resolve) => socket.send('["answer"]', resolve));
      socket.send(Buffer.from('["bytes"]'), { binary: false });
      assert.ok(!(await sent));
      assert.deepEqual([await client.next(), await client.next()], [["answer"], ["bytes"]]);
      socket.ping();
      await once(socket, "pong");
      assert.throws(() => socket.close(1000, "x".repeat(124)), RangeError);
      const closed = once(socket, "close");
      socket.onclose = ({ code, wasClean }) => heard.push([code, wasClean]);
      socket.close(4050, "enough");
      assert.equal(socket.readyState, 2);
      assert.deepEqual(await closed, [4050, Buffer.from("enough")]);
      assert.deepEqual(heard.at(-1), [4050, true]);
      assert.equal(socket.readyState, 3);
      const late = await new Promise((resolve) => socket.send("[]", resolve));
      assert.ok(late instanceof Error);
      assert.equal((await client.closed).code, 4050);
    });

    it(`learns that the client is gone over ${kind}, and can let it go`, async (t) => {
      const first = await pair(t, kind);
      const closed = once(first.socket, "close");
      await first.client.close();
      assert.equal(first.socket.readyState, 3);
      const [code, reason] = await closed;
      assert.ok([1000, 1005].includes(code) && reason instanceof Buffer);
      const second = await pair(t, kind);
      const broken = once(second.socket, "close");
      second.socket.pause();
      second.socket.terminate();
      assert.equal((await broken)[0], 1006);
      assert.equal((await second.client.closed).code, 1006);
    });

    it(`hears nothing while it pauses over ${kind}, and calls back when all has left`, async (t) => {
      const { socket, client } = await pair(t, kind);
      let heard = 0;
      socket.on("message", () => {
        heard += 1;
      });
      socket.pause();
      assert.equal(socket.isPaused, true);
      client.send('["unheard"]');
      const big = JSON.stringify(["x".repeat(400_000)]);
      await Promise.all(
        Array.from({ length: 20 }, () => new Promise((resolve) => socket.send(big, resolve))),
      );
      for (let i = 0; i < 20; i += 1) await client.next();
      assert.equal(heard, 0);
      const next = once(socket, "message");
      socket.resume();
      await next;
      assert.equal(heard, 1);
    });
  }
});

test("the socket knows the client's key, and binary is refused where it is written", async (t) => {
  const key = newKey();
  const { secure: socket } = await pair(
    t,
    "secure",
    secureWebSocket({ signer: secretKeySigner(key) }),
  );
  assert.ok(socket);
  assert.deepEqual([...socket.peer.pubkeys], [publicKeyOf(key, crypto)]);
  assert.deepEqual([socket.peer.address, socket.isEncrypted], ["127.0.0.1", true]);
  assert.throws(() => socket.send(Buffer.from("[]")), TypeError);
});

test("plain clients are refused unless they are asked for, and then nobody skips admit", async (t) => {
  const strict = await secureServer(t, {});
  strict.server.on("connection", () => assert.fail("a plain client was let in"));
  const refused = await bareClient(strict.url);
  assert.match(JSON.stringify(await refused.next()), /NOTICE.*nothing of what you sent was read/);
  assert.equal((await refused.closed).code, 1008);

  const lax = await secureServer(t, { plaintext: "allow" });
  const connected = once(lax.server, "connection");
  const client = await bareClient(lax.url);
  const [socket] = await connected;
  assert.deepEqual([socket.isEncrypted, socket.peer.pubkeys.size], [false, 0]);
  await client.close();

  const admit = (key: unknown) => (key ? accept : reject("restricted", "who are you?"));
  const choosy = await secureServer(t, { plaintext: "allow", admit });
  choosy.server.on("connection", ({ isEncrypted }) => assert.ok(isEncrypted));
  assert.equal((await (await bareClient(choosy.url)).closed).code, 1008);
  await (await bareClient(choosy.address, Secure)).close();
});

test("who is judged by an admit that throws is not let in, and nobody else notices", async (t) => {
  const admit = (): never => {
    throw new Error("the list of members cannot be read");
  };
  for (const auth of ["required", "optional"] as const) {
    const { server, url, address } = await secureServer(t, { plaintext: "allow", auth, admit });
    server.on("connection", () => assert.fail("it was let in"));
    const plain = await bareClient(url);
    assert.deepEqual(await plain.next(), ["NOTICE", "error: internal error"]);
    assert.equal((await plain.closed).code, 1008);
    const { code, reason } = await (await bareClient(address, Secure)).closed;
    assert.deepEqual([code, reason], [4008, "error: internal error"]);
  }
});

test("who hangs up while verifyClient thinks takes nobody's place", async (t) => {
  const answers: ((isWelcome: boolean) => void)[] = [];
  const asked = new EventEmitter();
  const { server, address } = await secureServer(t, {
    limits: { maxPending: 1 },
    verifyClient(_: unknown, answer: (isWelcome: boolean) => void) {
      answers.push(answer);
      asked.emit("asked");
    },
  });
  const { port } = server.address() as AddressInfo;
  const gone = connect(port, "127.0.0.1");
  gone.write(UPGRADE);
  await once(asked, "asked");
  gone.resetAndDestroy();
  // The server has noticed by the time that it answers somebody who came after.
  const [later] = (await once(get({ port, host: "127.0.0.1" }), "response")) as [IncomingMessage];
  assert.equal(later.resume().statusCode, 426);
  answers[0]?.(true);
  const waiting = once(asked, "asked");
  const client = bareClient(address, Secure);
  await waiting;
  answers[1]?.(true);
  await (await client).close();
});

test("verifyClient is asked before anything else, in both of its forms", async (t) => {
  for (const verifyClient of [
    ({ origin }: { origin: string }) => origin === "https://welcome.example",
    (_: unknown, answer: (isWelcome: boolean, status?: number) => void) => answer(false, 403),
  ]) {
    const { address, server } = await secureServer(t, { verifyClient });
    server.on("connection", () => assert.fail("it was let in"));
    assert.match((await failure(address, Secure)).code, /^(not-a-relay|offer-refused)$/);
  }
});

test("a shared server: other paths are left to others, closing ends nothing of theirs", async (t) => {
  const http = createServer((_, response) => response.end("site"));
  const first = new SecureWebSocketServer({ server: http, path: "/first", key: newKey() });
  const second = new SecureWebSocketServer({ server: http, path: "/second", key: newKey() });
  const port = await listening(t, http);
  const address = (server: SecureWebSocketServer, path: string): string =>
    `nostr+ws://${server.npub}@127.0.0.1:${port}${path}`;
  await (await bareClient(address(first, "/first"), Secure)).close();
  const client = await bareClient(address(second, "/second"), Secure);
  assert.equal((await failure(address(first, "/third"), Secure)).code, "not-a-relay");
  assert.equal((await failure(address(first, "/second"), Secure)).code, "offer-refused");
  assert.equal(second.clients.size, 1);
  let isClosed = false;
  second.close(() => {
    isClosed = true;
  });
  assert.equal((await failure(address(second, "/second"), Secure)).code, "not-a-relay");
  assert.equal(isClosed, false, "as with ws, open connections live on");
  await Promise.all([once(second, "close"), client.close()]);
  assert.equal(second.clients.size, 0);
  assert.ok((await new Promise((resolve) => second.close(resolve))) instanceof Error);
  await (await bareClient(address(first, "/first"), Secure)).close();
  assert.equal((await once(get(`http://127.0.0.1:${port}/first`), "response"))[0].statusCode, 200);
});

test("upgrades can be handed over, their headers seen, and broken ones answered by others", async (t) => {
  const server = new SecureWebSocketServer({ noServer: true, key: newKey() });
  assert.throws(() => server.address(), /noServer/);
  server.on("headers", (headers) => headers.push("X-Greeting: hello"));
  server.on("wsClientError", (_, stream) => stream.end("HTTP/1.1 418 I'm a teapot\r\n\r\n"));
  const http = createServer();
  http.on("upgrade", (request, stream, head) => {
    server.handleUpgrade(request, stream, head, (socket) => {
      server.emit("connection", socket, request);
    });
  });
  const port = await listening(t, http);
  const connected = once(server, "connection");
  await (await bareClient(`nostr+ws://${server.npub}@127.0.0.1:${port}`, Secure)).close();
  assert.ok(await connected);
  const raw = connect(port, "127.0.0.1");
  raw.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  assert.match(String((await once(raw, "data"))[0]), /^HTTP\/1.1 418/);
  const plain = new WebSocket(`ws://127.0.0.1:${port}`);
  const [response] = await once(plain, "upgrade");
  assert.equal(response.headers["x-greeting"], "hello");
  await once(plain, "close");
});

test("options that leave it open where clients come from are refused", () => {
  const server = createServer();
  for (const options of [
    {},
    { port: 0, server },
    { port: 0, noServer: true },
    { server, path: "a" },
  ]) {
    assert.throws(() => new SecureWebSocketServer({ key: newKey(), ...options }), TypeError);
  }
  assert.throws(() => new SecureWebSocketServer({ port: 0, key: "nonsense" }), {
    name: "KeyError",
  });
});

interface Pair {
  /** What a handler that was written for `ws` takes: ours has all of it. */
  readonly socket: WebSocket;
  readonly secure?: SecureServerSocket;
  readonly request: IncomingMessage;
  readonly client: BareClient;
}

/** A server's socket and its client, over `ws` as it is or over ours. */
async function pair(t: Scope, kind: "ws" | "secure", Class = Secure): Promise<Pair> {
  if (kind === "secure") {
    const { server, address } = await secureServer(t, {});
    const connected = new Promise<[SecureServerSocket, IncomingMessage]>((resolve) => {
      server.on("connection", (socket, request) => resolve([socket, request]));
    });
    const client = await bareClient(address, Class);
    const [secure, request] = await connected;
    return { socket: secure, secure, request, client };
  }
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, "listening");
  const connected = once(server, "connection");
  const client = await bareClient(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket, request] = await connected;
  return { socket, request, client };
}

async function secureServer(t: Scope, options: Partial<SecureWebSocketServerOptions>) {
  const key = newKey();
  const server = new SecureWebSocketServer({ port: 0, host: "127.0.0.1", key, ...options });
  t.after(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise<void>((closed) => server.close(() => closed()));
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const npub = encodeNpub(publicKeyOf(key, crypto));
  const url = `ws://127.0.0.1:${port}`;
  return { server, url, address: `nostr+ws://${npub}@127.0.0.1:${port}` };
}

async function listening(t: Scope, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
