/** Relays for some: who is let in, and what the others learn. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";
import {
  type SecureWebSocketConstructor,
  secretKeySigner,
  secureWebSocket,
} from "../../src/client.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { encodeNpub, parsePublicKey, publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";
import { type BareClient, bareClient } from "./client.ts";
import { crypto, forTools, newKey, note } from "./events.ts";
import { patient } from "./patience.ts";
import { type TestRelay, testRelay } from "./setup.ts";

const npubOf = (key: SecretKey) => encodeNpub(publicKeyOf(key, crypto));
const as = (key: SecretKey) => secureWebSocket({ signer: secretKeySigner(key) });
const [member, friend, enemy] = [newKey(), newKey(), newKey()];

const MEMBERS_ONLY = {
  auth: "optional", // overruled: who may connect is known by key
  access: { connect: { allow: [npubOf(member), npubOf(friend)], deny: [npubOf(enemy)] } },
};

test("a members-only relay serves members, with nostr-tools too", async (t) => {
  const relay = await testRelay(t, { config: MEMBERS_ONLY });
  useWebSocketImplementation(as(member));
  const tools = patient(await Relay.connect(relay.address));
  t.after(() => tools.close());
  const event = note({}, member);
  await tools.publish(forTools(event));
  const reader = await bareClient(relay.address, as(friend));
  assert.deepEqual(await ids(reader, {}), [event.id]);
  await reader.close();
});

test("a key has only so many connections, however it shows itself", async (t) => {
  const config = { connections: { maxPerNpub: 1 }, auth: "optional", plaintext: "loopback" };
  const relay = await testRelay(t, { config });
  const first = await bareClient(relay.address, as(member));
  assert.match(await turnedAway(relay, as(member)), /^4004 rate-limited: this key has 1 conn/);
  const plain = await bareClient(relay.url);
  const [, challenge = ""] = (await plain.next()) as [string, string];
  const tags = [
    ["relay", relay.url],
    ["challenge", challenge],
  ];
  plain.send(JSON.stringify(["AUTH", note({ kind: 22_242, tags }, member)]));
  assert.match(String(((await plain.next()) as unknown[])[3]), /^rate-limited: this key/);
  assert.equal((await plain.closed).code, 4004);
  await (await bareClient(relay.address, as(friend))).close();
  await first.close();
  await (await bareClient(relay.address, as(member))).close();
});

test("a members-only relay refuses everybody else in the handshake", async (t) => {
  const relay = await testRelay(t, { config: MEMBERS_ONLY });
  assert.match(await turnedAway(relay, as(newKey())), /^4003 restricted: ./);
  assert.match(await turnedAway(relay, as(enemy)), /^4003 blocked: ./);
  assert.match(await turnedAway(relay, secureWebSocket()), /^4003 restricted: ./);
  const { limitation } = JSON.parse((await get(relay, "application/nostr+json")).body);
  assert.deepEqual([limitation.auth_required, limitation.restricted_writes], [true, true]);
});

test("a relay to read from: everybody reads, the web of trust publishes", async (t) => {
  const write = { allow: ["webOfTrust"] };
  const config = { access: { write, webOfTrust: { roots: [npubOf(member)], depth: 1 } } };
  const first = await testRelay(t, { config });
  const client = await bareClient(first.address, secureWebSocket());
  const list = note({ kind: 3, tags: [["p", publicKeyOf(friend, crypto)]] }, member);
  assert.equal((await publish(client, list))[2], true);
  const refused = await publish(client, note({}, friend));
  assert.match(String(refused[3]), /^restricted: ./);
  await first.close();
  // A new start reads the lists that are stored.
  const second = await testRelay(t, { config, data: first.data });
  const again = await bareClient(second.address, secureWebSocket());
  const event = note({}, friend);
  assert.equal((await publish(again, event))[2], true);
  assert.match(String((await publish(again, note({}, enemy)))[3]), /^restricted: ./);
  assert.deepEqual(await ids(again, { kinds: [1] }), [event.id]);
  await again.close();
});

test("a hidden relay answers strangers like a server that knows nothing", async (t) => {
  const config = { ...MEMBERS_ONLY, information: { hidden: true, name: "our place" } };
  const relay = await testRelay(t, { config });
  for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
    for (const accept of ["application/nostr+json", "text/html"]) {
      for (const path of ["/", "/elsewhere"]) {
        const { status, headers, body } = await get(relay, accept, method, path);
        assert.deepEqual([status, body, headers["content-length"]], [404, "", "0"]);
        const shown = Object.keys(headers).sort();
        assert.deepEqual(shown, ["connection", "content-length", "date", "keep-alive"]);
      }
    }
  }
  for (const protocols of [[], ["nostr"]]) {
    const plain = new WebSocket(relay.url, protocols);
    const [, response] = await once(plain, "unexpected-response");
    assert.deepEqual([response.statusCode, await text(response)], [404, ""]);
    plain.on("error", () => {});
    plain.terminate();
  }
  assert.match(await turnedAway(relay, as(newKey())), /^4003 restricted: ./);
});

test("members of a hidden relay read its document inside the channel", async (t) => {
  const config = { ...MEMBERS_ONLY, information: { hidden: true, name: "our place" } };
  const relay = await testRelay(t, { config });
  const self = parsePublicKey(relay.npub);
  assert(self.ok);
  const filter = { kinds: [30_166], authors: [self.value], "#d": [self.value] };
  const client = await bareClient(relay.address, as(member));
  const [event, ...others] = await events(client, filter);
  assert(event && others.length === 0);
  const document = JSON.parse(event.content);
  assert.deepEqual([document.name, document.self], ["our place", self.value]);
  assert.equal(document.limitation.restricted_writes, true);
  await relay.close();
  // The same document is not signed again, another one takes its place.
  for (const [name, isSame] of [
    ["our place", true],
    ["elsewhere", false],
  ] as const) {
    const information = { hidden: true, name };
    const next = await testRelay(t, { config: { ...config, information }, data: relay.data });
    const reader = await bareClient(next.address, as(member));
    const found = await events(reader, filter);
    assert.deepEqual(
      found.map(({ content }) => JSON.parse(content).name),
      [name],
    );
    assert.equal(found[0]?.id === event.id, isSame);
    await next.close();
  }
});

test("a hidden relay still serves plain programs on its own machine, if it is told to", async (t) => {
  const config = { plaintext: "loopback", information: { hidden: true } };
  const relay = await testRelay(t, { config });
  const plain = await bareClient(relay.url);
  assert.equal(((await plain.next()) as unknown[])[0], "AUTH");
  await plain.close();
  const headers = { "X-Forwarded-For": "192.0.2.1" };
  const stranger = new WebSocket(relay.url, { headers });
  const [, response] = await once(stranger, "unexpected-response");
  assert.equal(response.statusCode, 404);
  stranger.on("error", () => {});
  stranger.terminate();
});

test("NIP-13 is demanded and announced together", async (t) => {
  const relay = await testRelay(t, { config: { limits: { minPowDifficulty: 8 } } });
  const { supported_nips, limitation } = JSON.parse(
    (await get(relay, "application/nostr+json")).body,
  );
  assert.ok(supported_nips.includes(13));
  assert.deepEqual([limitation.min_pow_difficulty, limitation.restricted_writes], [8, true]);
  const client = await bareClient(relay.address, secureWebSocket());
  const [lazy, mined, lucky] = [mine(0, ""), mine(8, "8"), mine(8, "4")];
  assert.match(String((await publish(client, lazy))[3]), /^pow: ./);
  assert.deepEqual(await publish(client, mined), ["OK", mined.id, true, ""]);
  assert.match(String((await publish(client, lucky))[3]), /^pow: ./);
  await client.close();
});

/** An event with so many leading zero bits, 0 or 8, that has committed to `target`. */
function mine(bits: 0 | 8, target: string): NostrEvent {
  const key = newKey();
  for (let nonce = 0; ; nonce += 1) {
    const event = note({ tags: [["nonce", `${nonce}`, target]] }, key);
    if (event.id.startsWith("00") === (bits === 8)) return event;
  }
}

/** Close code and reason of a client that is not let in. */
async function turnedAway(relay: TestRelay, Class: SecureWebSocketConstructor): Promise<string> {
  const client = await bareClient(relay.address, Class);
  const { code, reason } = await client.closed;
  return `${code} ${reason}`;
}

async function publish(client: BareClient, event: NostrEvent): Promise<readonly unknown[]> {
  client.send(JSON.stringify(["EVENT", event]));
  return (await client.next()) as readonly unknown[];
}

async function events(client: BareClient, filter: object): Promise<readonly NostrEvent[]> {
  client.send(JSON.stringify(["REQ", "x", filter]));
  const found: NostrEvent[] = [];
  for (;;) {
    const [verb, , event] = (await client.next()) as [string, string, NostrEvent];
    if (verb !== "EVENT") return found;
    found.push(event);
  }
}

async function ids(client: BareClient, filter: object): Promise<readonly string[]> {
  return (await events(client, filter)).map(({ id }) => id);
}

async function get(relay: TestRelay, accept: string, method = "GET", path = "/") {
  const { port } = relay;
  const ask = request({ host: "127.0.0.1", port, method, path, headers: { Accept: accept } });
  ask.end();
  const [response] = await once(ask, "response");
  return {
    status: response.statusCode as number,
    headers: response.headers as Record<string, string | undefined>,
    body: await text(response),
  };
}
