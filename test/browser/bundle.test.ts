/** The browser's class as a bundler builds it: nothing of Node inside, the same channel outside. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { WebSocket } from "ws";
import { bundle } from "../../build/bundle.ts";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { bareClient, failure } from "../e2e/client.ts";
import { crypto, newKey, note } from "../e2e/events.ts";
import { testRelay } from "../e2e/setup.ts";

type Browser = typeof import("../../src/browser.ts");

/** What npm ships for browsers; `gzip -9` and servers that compress make it about this small. */
const MAX_BUNDLE_BYTES = 20 * 1024;

async function loadBundle(): Promise<Browser> {
  const code = Buffer.from(await bundle("browser.js")).toString("base64");
  return (await import(`data:text/javascript;base64,${code}`)) as Browser;
}

test("the bundle is small, whole, and knows nothing of Node", async () => {
  const code = Buffer.from(await bundle("browser.js"));
  const size = gzipSync(code, { level: 9 }).length;
  assert.ok(size <= MAX_BUNDLE_BYTES, `${size} bytes`);
  const foreign = /\bimport[\s("']|\brequire\(|\bprocess\.|\bBuffer\b|node:/.exec(code.toString());
  assert.equal(foreign?.[0], undefined);
});

test("the browser bundle publishes and reads through a native WebSocket", async (t) => {
  const relay = await testRelay(t);
  const { secureWebSocket } = await loadBundle();
  t.after(withNativeWebSocket());
  const client = await bareClient(relay.address, secureWebSocket());
  const event = note({ content: "from a browser" });
  client.send(JSON.stringify(["EVENT", event]));
  assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
  await client.close();
  assert.equal((await client.closed).wasClean, true);
});

test("where browsers keep silent, one code lists what may be the cause", async (t) => {
  const relay = await testRelay(t);
  const { secureWebSocket } = await loadBundle();
  t.after(withNativeWebSocket());
  const other = encodeNpub(publicKeyOf(newKey(), crypto));
  const outcome = await failure(relay.address.replace(relay.npub, other), secureWebSocket());
  assert.equal(outcome.code, "connection-failed");
});

/** `ws` has the browser's shape; the global is put back afterwards. */
function withNativeWebSocket(): () => void {
  const scope = globalThis as { WebSocket?: unknown };
  const { WebSocket: before } = scope;
  scope.WebSocket = class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { perMessageDeflate: false });
      this.on("error", () => {}); // browsers report errors as events that nobody must hear
    }
  };
  return () => {
    scope.WebSocket = before;
  };
}
