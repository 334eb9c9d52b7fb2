/** The bundle in a real Chromium: the channel, what it refuses, and signers as people have them there. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { Page } from "playwright-core";
import { type ServerOptions, WebSocketServer } from "ws";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { parseConfig } from "../../src/index.ts";
import { encodeNpub, encodeNsec, publicKeyOf } from "../../src/nostr/key.ts";
import { openDatabase } from "../../src/server/database.ts";
import { SUITE } from "../../src/transport.ts";
import { bareClient } from "../e2e/client.ts";
import { crypto, newKey, note } from "../e2e/events.ts";
import { type Scope, testFolder, testRelay } from "../e2e/setup.ts";
import { openApp, openChromium, withoutChromium } from "./chromium.ts";
import { type Talk, talk } from "./talk.ts";

const MANY = 10_000;

describe("the bundle in Chromium", withoutChromium, () => {
  const profile = openChromium();

  it("publishes, subscribes, and hears what comes later", async (t) => {
    const relay = await testRelay(t);
    const tab = await openApp(t, await profile());
    const event = note({ content: "from a browser 🌍" });
    const published = await tab.evaluate(talk, {
      address: relay.address,
      texts: [JSON.stringify(["EVENT", event])],
      until: 1,
    });
    assert.deepEqual(published.messages, [["OK", event.id, true, ""]]);
    const live = note({ content: "later" });
    const { messages } = await tab.evaluate(talk, {
      address: relay.address,
      texts: ['["REQ","s",{}]'],
      later: [JSON.stringify(["EVENT", live])],
      until: 4,
    });
    assert.deepEqual(messages[0], ["EVENT", "s", JSON.parse(event.json)]);
    assert.deepEqual(messages[1]?.slice(0, 2), ["EOSE", "s"]);
    const [heard, answer] = messages.slice(2).sort();
    assert.deepEqual(heard, ["EVENT", "s", JSON.parse(live.json)]);
    assert.deepEqual(answer, ["OK", live.id, true, ""]);
  });

  it(`receives ${MANY} events over the encrypted channel`, async (t) => {
    const relay = await relayWith(t, MANY);
    const tab = await openApp(t, await profile());
    const filter = { kinds: [1], limit: MANY };
    const received = await tab.evaluate(talk, {
      address: relay.address,
      texts: [JSON.stringify(["REQ", "all", filter])],
      until: "EOSE",
    });
    const ids = received.messages.flatMap(([type, , event]) =>
      type === "EVENT" ? idOf(event) : [],
    );
    assert.equal(new Set(ids).size, MANY);
  });

  it("refuses a relay with another key; browsers keep the reason to themselves", async (t) => {
    const relay = await testRelay(t);
    const tab = await openApp(t, await profile());
    const other = encodeNpub(publicKeyOf(newKey(), crypto));
    const address = relay.address.replace(relay.npub, other);
    assert.deepEqual(await refused(tab, { address }), "connection-failed");
    assert.ok(relay.log.some(({ event }) => event === "handshake refused"));
  });

  it("tells apart whoever answers without the key, in nonsense or in text", async (t) => {
    const tab = await openApp(t, await profile());
    const imposter = await impostor(
      t,
      { handleProtocols: () => SUITE },
      new Uint8Array(304).fill(9),
    );
    assert.equal(await refused(tab, { address: imposter.address }), "wrong-relay");
    const chatty = await impostor(t, { handleProtocols: () => SUITE }, '["NOTICE","hello"]');
    assert.equal(await refused(tab, { address: chatty.address }), "not-npubwire");
    assert.deepEqual([imposter.heard, chatty.heard], [[], []]);
  });

  it("refuses a relay that speaks plain, which hears nothing", async (t) => {
    const tab = await openApp(t, await profile());
    const plain = await impostor(t, { handleProtocols: () => false }, undefined);
    const code = await refused(tab, { address: plain.address, texts: ['["REQ","secret",{}]'] });
    assert.match(code ?? "", /^(connection-failed|not-npubwire)$/);
    const thrown = await tab.evaluate((url) => {
      try {
        return new (npubwire.secureWebSocket())(url).url;
      } catch (error) {
        return (error as { code: string }).code;
      }
    }, plain.url);
    assert.equal(thrown, "plaintext-refused");
    assert.deepEqual(plain.heard, []);
  });

  it("leaves the relay well when the tab is closed in the middle of a message", async (t) => {
    const relay = await relayWith(t, 2_000);
    const context = await profile();
    const tab = await openApp(t, context);
    const big = JSON.stringify(["EVENT", note({ content: "x".repeat(250_000) })]);
    const busy = tab.evaluate(talk, {
      address: relay.address,
      texts: ['["REQ","all",{"limit":2000}]', ...Array<string>(20).fill(big)],
      until: "never",
    });
    busy.catch(() => {}); // its tab goes away
    await tab.waitForFunction(() => ((globalThis as { heard?: number }).heard ?? 0) >= 100);
    await tab.close();
    const client = await bareClient(relay.address, secureWebSocket());
    const event = note();
    client.send(JSON.stringify(["EVENT", event]));
    assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
    await client.close();
    assert.deepEqual(
      relay.log.filter(({ level }) => level === "error" || level === "warn"),
      [],
    );
  });
});

describe("NIP-07 signers in Chromium", withoutChromium, () => {
  const profile = openChromium();

  it("prove the user's key to a relay for some", async (t) => {
    const key = newKey();
    const allow = [encodeNpub(publicKeyOf(key, crypto))];
    const relay = await testRelay(t, { config: { access: { connect: { allow } } } });
    const tab = await openApp(t, await profile());
    await tab.evaluate((nsec) => {
      Object.assign(globalThis, { nostr: npubwire.secretKeySigner(nsec) });
    }, encodeNsec(key));
    const request = { address: relay.address, texts: ['["REQ","s",{}]'], until: "EOSE" };
    const member = await tab.evaluate(talk, { ...request, nip07: true });
    assert.equal(member.messages.at(-1)?.[0], "EOSE");
    const stranger = await tab.evaluate(talk, request);
    assert.match(stranger.reason ?? "", /^restricted: /);
    assert.deepEqual(stranger.messages, []);
  });

  it("may refuse, sign something else, or sign as nobody", async (t) => {
    const relay = await testRelay(t);
    const tab = await openApp(t, await profile());
    const forged = { ...((await secretKeySigner(newKey()).signEvent(OTHER_EVENT)) as object) };
    for (const answer of [{ error: "User rejected" }, { event: forged }, { event: null }]) {
      await tab.evaluate((given) => {
        const signEvent = async () => {
          if ("error" in given) throw new Error(given.error);
          return given.event;
        };
        Object.assign(globalThis, { nostr: { getPublicKey: async () => "", signEvent } });
      }, answer);
      assert.equal(await refused(tab, { address: relay.address, nip07: true }), "signer");
    }
  });

  it("may never answer: the relay's patience ends, and the page's own close does", async (t) => {
    const relay = await testRelay(t, { config: { handshake: { authDeadlineSeconds: 1 } } });
    const tab = await openApp(t, await profile());
    await tab.evaluate(() => {
      const signEvent = () => new Promise(() => {});
      Object.assign(globalThis, { nostr: { getPublicKey: async () => "", signEvent } });
    });
    assert.equal(await refused(tab, { address: relay.address, nip07: true }), "truncated");
    const patient = await testRelay(t);
    const closed = await tab.evaluate(async (address) => {
      return await new Promise<string>((resolve) => {
        const signEvent = () => {
          setTimeout(() => socket.close());
          return new Promise<never>(() => {});
        };
        const socket = new (npubwire.secureWebSocket({ signer: { ...nostr, signEvent } }))(address);
        socket.onerror = ({ error }) => resolve(String(error?.code));
      });
    }, patient.address);
    assert.equal(closed, "aborted");
  });
});

declare const npubwire: typeof import("../../src/browser.ts");
declare const nostr: import("../../src/browser.ts").Signer;

const OTHER_EVENT = { kind: 1, created_at: 1_700_000_000, content: "", tags: [] };

/** The code of the error that ends a connection before anything is heard. */
async function refused(
  tab: Page,
  options: Partial<Talk> & Pick<Talk, "address">,
): Promise<string | undefined> {
  const { code, messages } = await tab.evaluate(talk, { until: 1, ...options });
  assert.deepEqual(messages, []);
  return code;
}

/** A relay that has so many notes from the start. */
async function relayWith(t: Scope, count: number) {
  const data = testFolder(t);
  const store = await openDatabase(parseConfig({}, { data }), true);
  const key = newKey();
  const notes = Array.from({ length: count }, (_, index) =>
    note({ created_at: 1_700_000_000 + index, content: `note ${index}` }, key),
  );
  await store.insert(notes);
  await store.close();
  return await testRelay(t, { data, config: { limits: { maxLimit: count } } });
}

/** A WebSocket server that is no relay of ours: what it says first, and what it heard. */
async function impostor(
  t: Scope,
  options: ServerOptions,
  greeting: Uint8Array | string | undefined,
) {
  const server = new WebSocketServer({ ...options, port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const heard: unknown[] = [];
  server.on("connection", (socket) => {
    socket.on("message", (data) => heard.push(data));
    if (greeting !== undefined) socket.send(greeting);
  });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const npub = encodeNpub(publicKeyOf(newKey(), crypto));
  return { address: `nostr+ws://${npub}@${place}`, url: `ws://${place}`, heard };
}

function idOf(event: unknown): string {
  return (event as { id: string }).id;
}
