/**
 * The rules of the NIPs over real sockets: encrypted, plain, and through a sidecar; the same suite
 * and the same answers.
 */

import assert from "node:assert/strict";
import { after } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import type { Information } from "../../src/relay/information.ts";
import { type Author, CONFORMANCE_LIMITS, type TestClient } from "../relay/conformance/session.ts";
import { conformance, conformanceForAnybody } from "../relay/conformance.ts";
import { bareClient } from "./client.ts";
import { type TestRelay, testRelay, testSidecar } from "./setup.ts";

const config = {
  auth: "optional",
  plaintext: "loopback",
  limits: { ...CONFORMANCE_LIMITS },
};

const secure = await testRelay({ after }, { config });
conformance(
  "secure channels on sockets",
  (author) =>
    bareClient(secure.address, secureWebSocket(author === undefined ? {} : { signer: author })),
  secure.address,
  () => inform(secure),
);

const plain = await testRelay({ after }, { config });
conformance("plain channels on sockets", connectPlain, plain.url, () => inform(plain));

async function inform({ port }: TestRelay): Promise<Information> {
  const headers = { Accept: "application/nostr+json" };
  const response = await fetch(`http://127.0.0.1:${port}`, { headers });
  return (await response.json()) as Information;
}

const behind = await testRelay({ after }, { config: { ...config, plaintext: "allow" } });
const { maxMessageLength } = CONFORMANCE_LIMITS;
const sidecar = await testSidecar({ after }, behind.url, {
  config: { limits: { maxMessageLength } },
});
conformanceForAnybody("a sidecar before a relay", () =>
  bareClient(sidecar.address, secureWebSocket()),
);

async function connectPlain(author?: Author): Promise<TestClient> {
  const client = await bareClient(plain.url);
  if (author === undefined) return client;
  const [, challenge] = (await client.next()) as [string, string];
  const tags = [
    ["relay", plain.url],
    ["challenge", challenge],
  ];
  const auth = author.sign({ kind: 22_242, created_at: Math.floor(Date.now() / 1000), tags });
  client.send(JSON.stringify(["AUTH", auth]));
  assert.deepEqual(await client.next(), ["OK", auth.id, true, ""]);
  return client;
}
