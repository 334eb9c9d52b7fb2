/** From dialling to the first EVENT, over a line with a round trip of 100 ms. */

import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import {
  attach,
  createRelay,
  type EmbeddedRelay,
  listen,
  MemoryStore,
  parseConfig,
} from "../../src/index.ts";
import { selfSigned } from "../bench/certificate.ts";
import { bareClient } from "./client.ts";
import { newKey, note } from "./events.ts";
import { slowLine } from "./slow-line.ts";

/** One way, in milliseconds. */
const DELAY = 50;

const { key, certificate } = selfSigned("localhost");
const tls = createServer({ key, cert: certificate });
/** Takes any certificate: what is counted here is round trips. */
class TrustingWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, { rejectUnauthorized: false });
  }
}

describe("the first EVENT comes after", () => {
  let relay: EmbeddedRelay;
  let ports: { readonly ws: number; readonly wss: number };

  before(async () => {
    const config = parseConfig({
      host: "127.0.0.1",
      port: 0,
      plaintext: "allow",
      auth: "optional",
    });
    const store = new MemoryStore();
    await store.insert([note({ content: "first" })]);
    relay = await createRelay({ config, key: newKey(), store });
    attach(tls, relay);
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const { port } = await listen(relay);
    ports = { ws: port, wss: (tls.address() as AddressInfo).port };
  });
  after(async () => {
    await relay.close();
    tls.close();
  });

  for (const [name, roundTrips] of [
    ["ws", 3], // TCP, upgrade, REQ
    ["npubwire", 3], // TCP, upgrade with both keys' proof, REQ
    ["wss", 4], // TCP, TLS 1.3, upgrade, REQ
  ] as const) {
    it(`${roundTrips} round trips over ${name}`, async (t) => {
      const line = await slowLine(t, name === "wss" ? ports.wss : ports.ws, DELAY);
      const begun = performance.now();
      const client = await bareClient(
        name === "npubwire"
          ? `nostr+ws://${relay.npub}@127.0.0.1:${line.port}`
          : `${name}://127.0.0.1:${line.port}`,
        name === "npubwire" ? secureWebSocket() : (TrustingWebSocket as typeof WebSocket),
      );
      client.send('["REQ","s",{"limit":1}]');
      let message: readonly unknown[] = [];
      while (message[0] !== "EVENT") message = (await client.next()) as readonly unknown[];
      t.diagnostic(`${Math.round(performance.now() - begun)} ms`);
      assert.equal(line.roundTrips(), roundTrips);
    });
  }
});
