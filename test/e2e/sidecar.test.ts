/** An encrypted door before somebody else's relay, which stays as it is. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import type { WebSocket } from "ws";
import { type DialOptions, dialSecure } from "../../src/channel/dial.ts";
import { throwawaySigner } from "../../src/channel/signer.ts";
import type { Link } from "../../src/channel.ts";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { systemClock } from "../../src/clock.ts";
import { parseAddress } from "../../src/nostr/address.ts";
import { encodeNpub, publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";
import { connect } from "../../src/server/dial.ts";
import { dialUpstream, parseUpstream } from "../../src/server/sidecar/upstream.ts";
import { FrameWebSocket, NodeSocket } from "../../src/server/socket.ts";
import { type BareClient, bareClient } from "./client.ts";
import { crypto, forTools, newKey, note } from "./events.ts";
import { patient } from "./patience.ts";
import { commandProcess, npubwire } from "./process.ts";
import { type TestRelay, testFolder, testRelay, testSidecar } from "./setup.ts";
import { nostrRelayCore, upstream } from "./upstreams.ts";

const EOSE_ONLY = (socket: WebSocket): void => {
  socket.on("message", () => socket.send('["EOSE","s"]'));
};

for (const [name, behind] of [
  ["@nostr-relay/core", async (t) => await nostrRelayCore(t)],
  ["our own relay in the plain", async (t) => await plainRelay(t)],
] as const satisfies readonly (readonly [
  string,
  (t: test.TestContext) => Promise<{ readonly url: string }>,
])[]) {
  test(`nostr-tools publishes and subscribes through a sidecar before ${name}`, async (t) => {
    const { url } = await behind(t);
    const sidecar = await testSidecar(t, url);
    useWebSocketImplementation(secureWebSocket());
    const [reader, writer] = [
      patient(await Relay.connect(sidecar.address)),
      patient(new Relay(sidecar.address)),
    ];
    await writer.connect();
    t.after(() => {
      reader.close();
      writer.close();
    });
    await writer.publish(forTools(note({ content: "stored" })));
    const heard: string[] = [];
    await new Promise<void>((done) => {
      reader.subscribe([{ kinds: [1] }], {
        onevent({ content }) {
          heard.push(content);
          if (content === "live") done();
        },
        oneose() {
          heard.push("EOSE");
          void writer.publish(forTools(note({ content: "live" })));
        },
      });
    });
    assert.deepEqual(heard, ["stored", "EOSE", "live"]);
  });
}

test("the relay behind learns address and npub, and nothing else of the client's request", async (t) => {
  const relay = await upstream(t, EOSE_ONLY);
  const sidecar = await testSidecar(t, relay.url);
  const key = newKey();
  const forged = {
    "X-Forwarded-For": "192.0.2.66",
    "X-Npubwire-Pubkey": "ab".repeat(32),
    Cookie: "session=1",
    Origin: "https://example.com",
  };
  const link = await dialled(sidecar, {
    signer: secretKeySigner(key),
    connect: (url, protocols) =>
      new NodeSocket(new FrameWebSocket(url, [...protocols], { headers: forged })),
  });
  const answered = new Promise((message) => link.start({ message, end: () => {} }));
  link.send('["REQ","s",{}]');
  await answered;
  const [request] = relay.requests;
  assert.ok(request);
  const { "sec-websocket-key": _, ...headers } = request.headers;
  assert.deepEqual(headers, {
    host: `127.0.0.1:${relay.port}`,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "x-forwarded-for": "127.0.0.1",
    "x-npubwire-pubkey": publicKeyOf(key, crypto),
  });
  link.close(1000, "");
});

test("the relay behind learns no key of an anonymous client", async (t) => {
  const relay = await upstream(t, EOSE_ONLY);
  const place = parseUpstream(relay.url);
  assert.ok(place.ok);
  const peer = { address: "2001:db8::1", pubkeys: new Set<never>() };
  const link = await dialUpstream(place.value, peer, systemClock, new AbortController().signal);
  const [request] = relay.requests;
  assert.equal(request?.headers["x-forwarded-for"], "2001:db8::1");
  assert.equal(request?.headers["x-npubwire-pubkey"], undefined);
  link.close(1000, "");
});

test("authentication ends at the sidecar, in both directions", async (t) => {
  const relay = await nostrRelayCore(t, { hostname: "relay.example" });
  const sidecar = await testSidecar(t, relay.url);
  const client = await connected(sidecar);
  client.send('["REQ","s",{}]');
  // The first thing that this relay says to anybody is its challenge.
  assert.deepEqual(await client.next(), ["EOSE", "s"]);
  const auth = note({ kind: 22_242, tags: [["relay", relay.url]] });
  const json = JSON.parse(auth.json);
  const twice = auth.json.replace('"kind":22242', '"kind":1,"kind":22242');
  const refused = (reason: string) => ["OK", auth.id, false, reason];
  const notPublished = refused("invalid: kind 22242 is for AUTH, it is not published");
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    [`["EVENT",${auth.json}]`, notPublished],
    [`["EVENT",${twice}]`, notPublished],
    [
      JSON.stringify(["EVENT", { ...json, kind: "22242" }]),
      refused("invalid: kind is not an integer from 0 to 65535"),
    ],
    [`["AUTH",${auth.json}]`, refused("auth-required: ")],
    [`[ "\\u0041UTH",${auth.json}]`, refused("auth-required: ")],
    ['["ANON"]', ["NOTICE", "unsupported: "]],
    [`["auth",${auth.json}]`, ["NOTICE", "invalid: "]],
    [`["AUTH ",${auth.json}]`, ["NOTICE", "invalid: "]],
    [`['AUTH',${auth.json}]`, ["NOTICE", "invalid: "]],
  ];
  for (const [text, expected] of cases) {
    client.send(text);
    const answer = (await client.next()) as unknown[];
    const reason = String(answer.at(-1));
    assert.ok(reason.startsWith(String(expected.at(-1))), `${text}: ${reason}`);
    assert.deepEqual(answer.slice(0, -1), expected.slice(0, -1));
  }
  client.send('["REQ","s",{}]');
  assert.deepEqual(await client.next(), ["EOSE", "s"]);
  assert.deepEqual(relay.received, ['["REQ","s",{}]', '["REQ","s",{}]']);
  client.send('["AUTH",{}]'); // the third that fails
  await client.next();
  assert.deepEqual((await client.closed).code, 4002);
});

test("only whom the operator allows gets to the relay behind, and nothing by who is banned", async (t) => {
  const relay = await upstream(t, EOSE_ONLY);
  const [friend, banned] = [newKey(), newKey()];
  const sidecar = await testSidecar(t, relay.url, {
    config: { access: { connect: { allow: [npub(friend)], deny: [npub(banned)] } } },
  });
  for (const stranger of [newKey(), banned]) {
    const { code } = await (await connected(sidecar, stranger)).closed;
    assert.equal(code, 4003);
  }
  assert.equal(relay.requests.length, 0);
  const client = await connected(sidecar, friend);
  await roundTrip(client);
  const event = note({}, banned);
  client.send(JSON.stringify(["EVENT", event]));
  assert.deepEqual(await client.next(), [
    "OK",
    event.id,
    false,
    "blocked: the author of this event may not publish here",
  ]);
  assert.equal(relay.received.length, 1);
  await client.close();
});

test("one key has as many connections as the operator allows", async (t) => {
  const relay = await upstream(t, EOSE_ONLY);
  const sidecar = await testSidecar(t, relay.url, { config: { connections: { maxPerNpub: 1 } } });
  const Mine = secureWebSocket({ signer: secretKeySigner(newKey()) });
  const first = await bareClient(sidecar.address, Mine);
  const second = await bareClient(sidecar.address, Mine);
  assert.match((await second.closed).reason, /^rate-limited: /);
  await (await bareClient(sidecar.address, secureWebSocket())).close();
  await first.close();
});

test("a client that floods is answered at the front", async (t) => {
  const relay = await upstream(t, EOSE_ONLY);
  const rates = { perNpub: { events: 2, requests: 2 } };
  const sidecar = await testSidecar(t, relay.url, { config: { rates } });
  const client = await connected(sidecar);
  const event = note();
  for (let count = 0; count < 3; count++) client.send(JSON.stringify(["EVENT", event]));
  for (let count = 0; count < 3; count++) client.send('["REQ","s",{}]');
  const answers: unknown[] = [];
  for (let count = 0; count < 6; count++) answers.push(await client.next());
  const reason = (what: string) =>
    `rate-limited: ${what} from one npub are too many; wait a little`;
  assert.deepEqual(
    answers.filter((answer) => !JSON.stringify(answer).includes("EOSE")),
    [
      ["OK", event.id, false, reason("events")],
      ["CLOSED", "s", reason("requests")],
    ],
  );
  assert.equal(relay.received.length, 4);
  await client.close();
});

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
  const relay = await nostrRelayCore(t);
  const sidecar = await testSidecar(t, relay.url);
  const client = await connected(sidecar);
  await roundTrip(client);
  const [socket] = relay.sockets;
  assert.ok(socket);
  const closed = new Promise((resolve) => socket.on("close", resolve));
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
  const relay = await nostrRelayCore(t);
  const sidecar = await testSidecar(t, relay.url);
  const client = await connected(sidecar);
  await roundTrip(client);
  const [socket] = relay.sockets;
  assert.ok(socket);
  const closed = new Promise((resolve) => socket.on("close", resolve));
  await client.close();
  assert.equal(await closed, 1000);
});

function plainRelay(t: test.TestContext): Promise<TestRelay> {
  // Whoever comes with X-Forwarded-For is a stranger, not a program on this machine.
  return testRelay(t, { config: { plaintext: "allow", auth: "optional" } });
}

function dialled(sidecar: TestRelay, options: Partial<DialOptions> = {}): Promise<Link> {
  const address = parseAddress(sidecar.address);
  assert.ok(address.ok);
  return dialSecure(address.value, {
    ...{ crypto, clock: systemClock, connect, maxMessage: 2 ** 20, timeout: 10_000 },
    signer: throwawaySigner(crypto),
    ...options,
  });
}

function connected(sidecar: TestRelay, key: SecretKey = newKey()): Promise<BareClient> {
  return bareClient(sidecar.address, secureWebSocket({ signer: secretKeySigner(key) }));
}

async function roundTrip(client: BareClient): Promise<void> {
  client.send('["REQ","s",{}]');
  assert.deepEqual(await client.next(), ["EOSE", "s"]);
}

function npub(key: SecretKey): string {
  return encodeNpub(publicKeyOf(key, crypto));
}

/** Of everything that the sidecar has warned of. */
function reasons({ log }: TestRelay): readonly unknown[] {
  return log.filter(({ level }) => level === "warn").map(({ fields }) => fields?.["reason"]);
}
