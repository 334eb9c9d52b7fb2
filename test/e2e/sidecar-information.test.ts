/** NIP-11 at a sidecar: what the relay behind says of itself, and what is different at the door. */

import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { parsePublicKey } from "../../src/nostr/key.ts";
import { type TestRelay, testSidecar } from "./setup.ts";
import { type Upstream, upstream } from "./upstreams.ts";

test("the document of the relay behind is passed through, with what is different here", async (t) => {
  const theirs = {
    name: "somebody's relay",
    self: "ab".repeat(32),
    supported_nips: [1, 11, 40, 86],
    software: "strfry",
    icon: "https://example.com/icon.png",
    limitation: { max_message_length: 131_072, max_subscriptions: 20, auth_required: false },
    retention: [{ time: 3600 }],
  };
  const relay = await documented(t, (_, response) => response.end(JSON.stringify(theirs)));
  const sidecar = await testSidecar(t, relay.url);
  const self = parsePublicKey(sidecar.npub);
  assert.ok(self.ok);
  assert.deepEqual(await documentOf(sidecar), {
    ...theirs,
    self: self.value,
    supported_nips: [1, 11, 40, 42],
    limitation: {
      max_message_length: 131_072,
      max_subscriptions: 20,
      auth_required: true,
      restricted_writes: false,
    },
    transports: ["npubwire/1"],
  });
});

test("many who ask at once, and again, make one request", async (t) => {
  let asked = 0;
  const relay = await documented(t, (_, response) => {
    asked += 1;
    response.end('{ "name": "once" }');
  });
  const sidecar = await testSidecar(t, relay.url);
  const documents = await Promise.all(Array.from({ length: 20 }, () => documentOf(sidecar)));
  documents.push(await documentOf(sidecar));
  assert.ok(documents.every(({ name }) => name === "once"));
  assert.equal(asked, 1);
});

const useless: Readonly<Record<string, RequestListener>> = {
  "no JSON": (_, response) => response.end("<html>"),
  "no object": (_, response) => response.end('["a list"]'),
  "nested too deep to be written again": (_, response) =>
    response.end(`{"name":${"[".repeat(30_000)}${"]".repeat(30_000)}}`),
  "an error": (_, response) => response.writeHead(500).end("{}"),
  "another place": (_, response) => response.writeHead(302, { Location: "/" }).end(),
  "without an end": (_, response) => {
    const chunk = " ".repeat(65_536);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more);
    more();
  },
};
for (const [what, answer] of Object.entries(useless)) {
  test(`an answer that is ${what} is replaced by a short document of the sidecar's own`, async (t) => {
    const relay = await documented(t, answer);
    await isOurs(await testSidecar(t, relay.url, { config: OURS }));
  });
}

test("what is no number of a NIP is left out", async (t) => {
  const nips = [1, "50", [9], { valueOf: 1, toString: 1 }, null, 0.5, 98];
  const relay = await documented(t, (_, response) => {
    response.end(JSON.stringify({ supported_nips: nips }));
  });
  const { supported_nips } = await documentOf(await testSidecar(t, relay.url));
  assert.deepEqual(supported_nips, [1, 11, 42]);
});

test("a relay behind that is down leaves a short document, until it is back", async (t) => {
  const relay = await documented(t, (_, response) => response.end("{}"));
  await relay.die();
  await isOurs(await testSidecar(t, relay.url, { config: OURS }));
});

test("a hidden sidecar says nothing", async (t) => {
  const relay = await documented(t, (_, response) => response.end('{ "name": "secret" }'));
  const sidecar = await testSidecar(t, relay.url, { config: { information: { hidden: true } } });
  const response = await ask(sidecar);
  assert.deepEqual([response.status, await response.text()], [404, ""]);
});

const OURS = { information: { name: "the door" }, limits: { maxMessageLength: 4_096 } };

async function isOurs(sidecar: TestRelay): Promise<void> {
  const { name, self, limitation } = await documentOf(sidecar);
  assert.equal(name, "the door");
  assert.equal(parsePublicKey(sidecar.npub).ok && typeof self, "string");
  assert.deepEqual(limitation, {
    max_message_length: 4_096,
    auth_required: true,
    restricted_writes: false,
  });
}

/** A relay that answers every plain request so. */
function documented(t: test.TestContext, http: RequestListener): Promise<Upstream> {
  return upstream(t, () => {}, { http });
}

async function documentOf(sidecar: TestRelay): Promise<Record<string, unknown>> {
  const response = await ask(sidecar);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^application\/nostr\+json/);
  return (await response.json()) as Record<string, unknown>;
}

function ask({ url }: TestRelay): Promise<Response> {
  return fetch(url.replace("ws", "http"), { headers: { Accept: "application/nostr+json" } });
}
