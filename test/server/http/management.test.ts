/** What the endpoint of management remembers: failures, and events that were used. Time is the test's. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { addressList } from "../../../src/server/door/admission.ts";
import { ManagementEndpoint } from "../../../src/server/http/management.ts";
import { Author, crypto, NOW } from "../../relay/conformance/session.ts";

const author = new Author();
const BODY = "{}";
const PAYLOAD = Buffer.from(crypto.sha256(Buffer.from(BODY))).toString("hex");
const TAGS = [
  ["u", "here"],
  ["method", "POST"],
  ["payload", PAYLOAD],
];

/** `post` answers with the status; `wait` lets seconds pass. */
async function setUp(t: TestContext) {
  let now = NOW;
  let served = 0;
  const endpoint = new ManagementEndpoint({
    administrators: new Set([author.pubkey]),
    trustedProxies: addressList(["127.0.0.1"]),
    isHidden: false,
    crypto,
    clock: { now: () => now, after: () => () => {} },
    log: () => {},
    isRequestUrl: (url) => url === "here",
    async answer(text, administrator) {
      served += 1;
      return { result: [text, administrator] };
    },
  });
  const server = createServer((request, response) => {
    if (endpoint.takes(request)) void endpoint.serve(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    wait: (seconds: number) => {
      now += seconds;
    },
    served: () => served,
    async post(headers: Readonly<Record<string, string>> = {}): Promise<number> {
      const type = { "Content-Type": "Application/nostr+json+RPC; charset=utf-8" };
      const response = await fetch(url, {
        method: "POST",
        headers: { ...type, ...headers },
        body: BODY,
      });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

function signed(created_at: number, content = ""): { readonly Authorization: string } {
  const event = author.sign({ kind: 27_235, created_at, content, tags: TAGS });
  return { Authorization: `Nostr ${Buffer.from(event.json).toString("base64")}` };
}

test("an event serves once for as long as its time stamp is taken", async (t) => {
  const { post, wait, served } = await setUp(t);
  const headers = signed(NOW + 60);
  assert.equal(await post(headers), 200);
  assert.equal(await post(headers), 401);
  assert.equal(await post(signed(NOW + 60, "another")), 200);
  for (const seconds of [60, 60]) {
    wait(seconds);
    assert.equal(await post(headers), 401);
  }
  wait(1);
  assert.equal(await post(headers), 401, "too old now");
  assert.equal(await post(signed(NOW + 121)), 200);
  assert.equal(served(), 3);
});

test("an address that fails too often waits for the next minute; others do not", async (t) => {
  const { post, wait } = await setUp(t);
  const from = (address: string) => ({
    "X-Forwarded-For": address,
    "X-Forwarded-Proto": "https",
  });
  for (let i = 0; i < 20; i += 1) assert.equal(await post(from("2001:db8::1")), 401);
  const right = signed(NOW);
  assert.equal(await post({ ...right, ...from("2001:db8::2") }), 429, "the same /64 network");
  assert.equal(await post({ ...right, ...from("2001:db8:0:1::1") }), 200);
  assert.equal(await post(signed(NOW, "local")), 200);
  wait(60);
  assert.equal(await post({ ...signed(NOW + 60), ...from("2001:db8::1") }), 200);
});
