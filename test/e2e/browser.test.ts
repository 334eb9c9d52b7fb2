/** The browser's class as a bundler builds it: nothing of Node inside, the same channel outside. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";
import { WebSocket } from "ws";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { bareClient, failure } from "./client.ts";
import { crypto, newKey, note } from "./events.ts";
import { testRelay } from "./setup.ts";

type Browser = typeof import("../../src/browser.ts");

/** Bundled for browsers: an import of anything from Node fails here. */
async function loadBundle(): Promise<Browser> {
  const { outputFiles } = await build({
    entryPoints: [new URL("../../src/browser.js", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  return (await import(`data:text/javascript;base64,${code}`)) as Browser;
}

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
