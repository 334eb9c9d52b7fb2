/** Managing a whole relay over HTTP (NIP-86, NIP-98): who may, from where, and that it takes effect. */

import assert from "node:assert/strict";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { EventTemplate as NewEvent } from "nostr-tools/core";
import { getToken } from "nostr-tools/nip98";
import { finalizeEvent } from "nostr-tools/pure";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import type { EventTemplate } from "../../src/nostr/event.ts";
import { publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";
import { accept } from "../../src/policy.ts";
import { Session } from "../relay/conformance/session.ts";
import { bareClient } from "./client.ts";
import { crypto, newKey, note } from "./events.ts";
import { type Scope, type TestRelay, testRelay } from "./setup.ts";

const admin = newKey();
const config = { administrators: [publicKeyOf(admin, crypto)], plaintext: "loopback" };
const TYPE = "application/nostr+json+rpc";

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Call {
  readonly relay: TestRelay;
  readonly body: string | Uint8Array;
  readonly key?: SecretKey;
  /** What the NIP-98 event has otherwise. */
  readonly event?: Partial<EventTemplate>;
  readonly headers?: OutgoingHttpHeaders;
  readonly path?: string;
  readonly method?: string;
}

function authorization({ relay, body, key = admin, event = {} }: Call): string {
  const payload = Buffer.from(crypto.sha256(Buffer.from(body))).toString("hex");
  const url = `http://127.0.0.1:${relay.port}/`;
  const tags = [
    ["u", url],
    ["method", "POST"],
    ["payload", payload],
  ];
  const signed = note({ kind: 27_235, tags, ...event }, key);
  return `Nostr ${Buffer.from(signed.json).toString("base64")}`;
}

async function send(call: Call): Promise<Reply> {
  const { relay, path = "/", method = "POST" } = call;
  const headers: OutgoingHttpHeaders = {
    "Content-Type": TYPE,
    Authorization: authorization(call),
    ...call.headers,
  };
  for (const [name, value] of Object.entries(headers)) if (value === "") delete headers[name];
  return await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: relay.port, path, method, headers, agent: false };
    const sent = request(options, async (response) => {
      const { statusCode = 0, headers } = response;
      resolve({ status: statusCode, headers, body: await text(response) });
    });
    sent.on("error", reject);
    sent.end(call.body);
  });
}

let serial = 0;

/** Each call is signed anew: two alike in one second would be the same event. */
async function call(relay: TestRelay, method: string, ...params: unknown[]): Promise<unknown> {
  serial += 1;
  const body = JSON.stringify({ method, params, serial });
  const reply = await send({ relay, body });
  assert.equal(reply.status, 200, reply.body);
  return JSON.parse(reply.body);
}

async function connect(t: Scope, { npub, port }: TestRelay, key = newKey()) {
  const address = `nostr+ws://${npub}@127.0.0.1:${port}`;
  const client = await bareClient(address, secureWebSocket({ signer: secretKeySigner(key) }));
  t.after(() => client.close());
  return { client, session: new Session(client) };
}

async function information(relay: TestRelay): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${relay.port}/`, {
    headers: { accept: "application/nostr+json" },
  });
  return (await response.json()) as Record<string, unknown>;
}

const done = { result: true };
const SUPPORTED = JSON.stringify({ method: "supportedmethods", params: [] });

test("bans take effect at once, and outlive the relay", async (t) => {
  const relay = await testRelay(t, { config });
  const spammer = newKey();
  const pubkey = publicKeyOf(spammer, crypto);
  const { client, session } = await connect(t, relay, spammer);
  const event = note({ content: "spam" }, spammer);
  assert.equal((await session.publish(event)).accepted, true);
  const reader = await connect(t, relay);
  assert.deepEqual(await call(relay, "banevent", event.id, "spam"), done);
  assert.deepEqual(await reader.session.request("gone", {}), []);
  assert.match((await session.publish(event)).reason, /^blocked: this event is banned/);
  assert.deepEqual(await call(relay, "banpubkey", pubkey, "spam"), done);
  const { code, reason } = await client.closed;
  assert.deepEqual([code, reason], [4003, "blocked: this key is banned from this relay"]);
  const forwarded = await reader.session.publish(note({ content: "more" }, spammer));
  assert.match(forwarded.reason, /^blocked: the author of this event is banned/);
  assert.deepEqual(await call(relay, "changerelayname", "Ours"), done);
  assert.deepEqual(await call(relay, "disallowkind", 7), done);
  const refused = await reader.session.publish(note({ kind: 7 }));
  assert.match(refused.reason, /^restricted: events of kind 7/);
  await relay.close();

  const again = await testRelay(t, { config, data: relay.data });
  assert.deepEqual(await call(again, "listbannedpubkeys"), {
    result: [{ pubkey, reason: "spam" }],
  });
  assert.equal((await (await connect(t, again, spammer)).client.closed).code, 4003);
  const { session: later } = await connect(t, again);
  assert.match((await later.publish(event)).reason, /^blocked/);
  assert.match((await later.publish(note({ kind: 7 }))).reason, /^restricted/);
  assert.equal((await information(again))["name"], "Ours");
  assert.deepEqual(await call(again, "unbanpubkey", pubkey), done);
  assert.deepEqual(await call(again, "allowevent", event.id), done);
  const { session: back } = await connect(t, again, spammer);
  assert.equal((await back.publish(event)).accepted, true);
});

/** A policy that thinks until it is told to accept. */
function thinking() {
  let ask = (): void => {};
  let decide = (): void => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const decided = new Promise<void>((resolve) => {
    decide = resolve;
  });
  const think = async () => {
    ask();
    await decided;
    return accept;
  };
  return { asked, decide: () => decide(), think };
}

test("who is banned while being let in does not stay", async (t) => {
  const { asked, decide, think } = thinking();
  const relay = await testRelay(t, { config, policy: { admit: think } });
  const key = newKey();
  const connecting = connect(t, relay, key);
  await asked;
  assert.deepEqual(await call(relay, "banpubkey", publicKeyOf(key, crypto)), done);
  decide();
  const { code } = await (await connecting).client.closed;
  assert.equal(code, 4003);
});

test("an event that is banned while a policy looks at it is not stored", async (t) => {
  const { asked, decide, think } = thinking();
  const relay = await testRelay(t, { config, policy: { write: think } });
  const { session } = await connect(t, relay);
  const event = note({ content: "quick" });
  const published = session.publish(event);
  await asked;
  assert.deepEqual(await call(relay, "banevent", event.id), done);
  decide();
  assert.match((await published).reason, /^blocked: this event is banned/);
  assert.deepEqual(await session.request("all", {}), []);
});

test("the information document says what can be done, and only then", async (t) => {
  const relay = await testRelay(t, { config });
  const before = await information(relay);
  assert.ok([86, 98].every((nip) => (before["supported_nips"] as number[]).includes(nip)));
  assert.equal((before["limitation"] as Record<string, unknown>)["restricted_writes"], false);
  await call(relay, "disallowkind", 1);
  const after = await information(relay);
  assert.equal((after["limitation"] as Record<string, unknown>)["restricted_writes"], true);
  assert.equal(
    ((await call(relay, "listallowedkinds")) as { result: number[] }).result.length,
    65_535,
  );
  const preflight = await send({ relay, body: "", method: "OPTIONS" });
  assert.match(preflight.headers["access-control-allow-methods"] ?? "", /POST/);
  assert.match(preflight.headers["access-control-allow-headers"] ?? "", /Authorization/);

  const unmanaged = await testRelay(t);
  const { supported_nips } = await information(unmanaged);
  assert.ok(![86, 98].some((nip) => (supported_nips as number[]).includes(nip)));
  assert.equal((await send({ relay: unmanaged, body: SUPPORTED })).status, 405);
});

test("administrators define roles and give them to members", async (t) => {
  const member = publicKeyOf(newKey(), crypto);
  const membership = { enabled: true, members: [member] };
  const relay = await testRelay(t, { config: { ...config, membership } });
  // Each time over a new connection, which hears nothing of what is changed later.
  const tags = async (kind: number) => {
    const { session } = await connect(t, relay);
    return (await session.requestEvents("tags", { kinds: [kind] })).map((event) => event.tags);
  };
  assert.deepEqual(await call(relay, "editrole", "guard"), { error: "there is no such role" });
  assert.deepEqual(await call(relay, "createrole", "guard", "Guard"), done);
  assert.deepEqual(await call(relay, "createrole", "guard"), {
    error: "there is such a role already",
  });
  assert.deepEqual(await call(relay, "editrole", "guard", "Guards"), done);
  assert.deepEqual(await tags(33_534), [[["-"], ["d", "guard"], ["label", "Guards"]]]);
  assert.deepEqual(await call(relay, "assignrole", member, "guard"), done);
  assert.deepEqual(await tags(13_534), [[["-"], ["member", member, "guard"]]]);
  assert.deepEqual(await call(relay, "assignrole", publicKeyOf(newKey(), crypto), "guard"), {
    error: "this key is no member",
  });
  assert.deepEqual(await call(relay, "unassignrole", member, "guard"), done);
  assert.deepEqual(await tags(13_534), [[["-"], ["member", member]]]);
  assert.deepEqual(await call(relay, "deleterole", "guard"), done);
  assert.deepEqual(await tags(33_534), []);

  const without = await testRelay(t, { config });
  assert.match(JSON.stringify(await call(without, "createrole", "guard")), /unknown method/);
});

test("the token of nostr-tools is understood", async (t) => {
  const relay = await testRelay(t, { config });
  const url = `http://127.0.0.1:${relay.port}/`;
  const body = { method: "listbannedpubkeys", params: [] };
  const sign = (template: NewEvent) => finalizeEvent(template, admin);
  const Authorization = await getToken(url, "post", sign, true, body);
  const reply = await send({ relay, body: JSON.stringify(body), headers: { Authorization } });
  assert.deepEqual([reply.status, JSON.parse(reply.body)], [200, { result: [] }]);
});

test("only what an administrator has signed for this request, a moment ago, is carried out", async (t) => {
  const relay = await testRelay(t, { config });
  const [url, method] = [
    ["u", `http://127.0.0.1:${relay.port}/`],
    ["method", "POST"],
  ];
  const body = SUPPORTED;
  const payload = ["payload", Buffer.from(crypto.sha256(Buffer.from(body))).toString("hex")];
  const now = Math.floor(Date.now() / 1000);
  const forged = authorization({ relay, body }).slice(6);
  const unsigned = {
    ...JSON.parse(Buffer.from(forged, "base64").toString()),
    sig: "0".repeat(128),
  };
  const bad: readonly Partial<Call>[] = [
    { headers: { Authorization: "" } },
    { headers: { Authorization: "Basic YTpi" } },
    {
      headers: {
        Authorization: `Nostr ${Buffer.from(JSON.stringify(unsigned)).toString("base64")}`,
      },
    },
    { key: newKey() },
    { event: { kind: 22_242 } },
    { event: { created_at: now - 120 } },
    { event: { created_at: now + 120 } },
    { event: { tags: [url, method] } },
    { event: { tags: [["u", "https://other.example/"], method, payload] } },
    { event: { tags: [["u", `http://127.0.0.1:${relay.port}/other`], method, payload] } },
    { event: { tags: [url, ["method", "GET"], payload] } },
    { event: { tags: [url, method, ["payload", "0".repeat(64)]] } },
  ];
  for (const [index, wrong] of bad.entries()) {
    const reply = await send({ relay, body, ...wrong });
    assert.equal(reply.status, 401, `${index}: ${reply.body}`);
    assert.equal(typeof JSON.parse(reply.body).error, "string");
  }
  const header = authorization({ relay, body });
  const once = await send({ relay, body, headers: { Authorization: header } });
  assert.equal(once.status, 200);
  assert.equal(once.headers["content-type"], `${TYPE}; charset=utf-8`);
  const twice = await send({ relay, body, headers: { Authorization: header } });
  assert.deepEqual(
    [twice.status, JSON.parse(twice.body).error.slice(0, 26)],
    [401, "this event was used before"],
  );
  assert.ok(relay.log.some(({ event }) => event === "management refused"));
});

test("bodies that are too long, no text or no request are answered", async (t) => {
  const relay = await testRelay(t, { config });
  assert.equal((await send({ relay, body: " ".repeat(65_537) })).status, 413);
  const chunked = { "Transfer-Encoding": "chunked" };
  assert.equal((await send({ relay, body: " ".repeat(70_000), headers: chunked })).status, 413);
  for (const [body, error] of [
    ["", "the request is not JSON"],
    ["[".repeat(60_000), "the request is not JSON"],
    [Uint8Array.of(0x22, 0xff, 0x22), "the request is not UTF-8"],
    ["[]", "the request is not an object"],
    ['{"method":"x"}', "unknown method; supportedmethods lists those there are"],
  ] as const) {
    const reply = await send({ relay, body });
    assert.deepEqual([reply.status, JSON.parse(reply.body)], [200, { error }]);
  }
  assert.equal(
    (await send({ relay, body: "", headers: { "Content-Type": "text/plain" } })).status,
    405,
  );
  assert.equal((await send({ relay, body: SUPPORTED, path: "/other" })).status, 404);
  assert.ok("result" in ((await call(relay, "supportedmethods")) as object));
});

test("from elsewhere it is served only over TLS that a trusted proxy vouches for", async (t) => {
  const addresses = ["wss://relay.example"];
  const trusting = { ...config, addresses, trustedProxies: ["127.0.0.1"] };
  const tls = { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https" };
  const signedFor = (u: string, body: string) => ({
    tags: [
      ["u", u],
      ["method", "POST"],
      ["payload", Buffer.from(crypto.sha256(Buffer.from(body))).toString("hex")],
    ],
  });
  const relay = await testRelay(t, { config: trusting });
  const from = async (headers: OutgoingHttpHeaders, u: string) => {
    serial += 1;
    const body = JSON.stringify({ method: "supportedmethods", serial });
    return (await send({ relay, body, headers, event: signedFor(u, body) })).status;
  };
  for (const url of [
    "https://relay.example",
    "wss://relay.example/",
    "HTTPS://RELAY.example:443/",
  ]) {
    assert.equal(await from(tls, url), 200, url);
  }
  assert.equal(await from(tls, "http://relay.example"), 401);
  assert.equal(await from(tls, `http://127.0.0.1:${relay.port}/`), 401);
  assert.equal(await from({}, `ws://localhost:${relay.port}`), 200);
  for (const headers of [
    { "X-Forwarded-For": "192.0.2.1" },
    { ...tls, "X-Forwarded-Proto": "http" },
    { ...tls, "X-Forwarded-Proto": "https, http" },
    { Forwarded: "for=192.0.2.1;proto=https" },
    { Via: "1.1 proxy" },
  ]) {
    assert.equal(await from(headers, "https://relay.example"), 403, JSON.stringify(headers));
  }
  const untrusting = await testRelay(t, { config: { ...config, addresses } });
  const body = SUPPORTED;
  const event = signedFor("https://relay.example", body);
  assert.equal((await send({ relay: untrusting, body, headers: tls, event })).status, 403);

  const hidden = await testRelay(t, {
    config: { ...trusting, information: { hidden: true, name: "before" } },
  });
  const unsigned = { ...tls, Authorization: "" };
  const reply = await send({ relay: hidden, body, headers: unsigned });
  assert.deepEqual([reply.status, reply.body], [404, ""]);
  assert.equal((await send({ relay: hidden, body, headers: tls, event })).status, 200);
  assert.deepEqual(await call(hidden, "changerelayname", "after"), done);
  const { session } = await connect(t, hidden);
  session.send("REQ", "self", { kinds: [30_166] });
  const [, , described] = (await session.next()) as [string, string, { content: string }];
  assert.equal(JSON.parse(described.content).name, "after");
});

test("a blocked address gets neither in nor an answer", async (t) => {
  const relay = await testRelay(t, { config: { ...config, trustedProxies: ["127.0.0.1"] } });
  const headers = { "X-Forwarded-For": "192.0.2.77" };
  const upgrade = {
    ...headers,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const status = async (given: OutgoingHttpHeaders) =>
    (await send({ relay, body: "", method: "GET", headers: given })).status;
  assert.equal(await status(headers), 426);
  assert.deepEqual(await call(relay, "blockip", "192.0.2.0/24", "scraper"), done);
  assert.equal(await status(headers), 403);
  assert.equal(await status(upgrade), 403);
  assert.deepEqual(await call(relay, "unblockip", "192.0.2.0/24"), done);
  assert.equal(await status(headers), 426);
});
