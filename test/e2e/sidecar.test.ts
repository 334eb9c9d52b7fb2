/** An encrypted door before somebody else's relay, which stays as it is. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import type { WebSocket } from "ws";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { systemClock } from "../../src/clock.ts";
import { publicKeyOf } from "../../src/nostr/key.ts";
import { dialUpstream, parseUpstream } from "../../src/server/sidecar/upstream.ts";
import { FrameWebSocket, NodeSocket } from "../../src/server/socket.ts";
import { bareClient } from "./client.ts";
import { crypto, forTools, newKey, note } from "./events.ts";
import { patient } from "./patience.ts";
import { testSidecar } from "./setup.ts";
import { connected, dialled, npub, plainRelay, roundTrip } from "./sidecar.ts";
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
