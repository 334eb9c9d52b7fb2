/** Plain NIP-01 clients at an encrypted relay: turned away by default, and by NIP-42 where allowed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { bareClient } from "./client.ts";
import { newKey, note } from "./events.ts";
import { testRelay } from "./setup.ts";

test("a default relay tells a plain client what to do, and nothing else", async (t) => {
  const relay = await testRelay(t);
  const secure = await bareClient(relay.address, secureWebSocket());
  const event = note({ content: "only for the channel" });
  secure.send(JSON.stringify(["EVENT", event]));
  await secure.next();
  const plain = await bareClient(relay.url);
  const leaked = note({ content: "sent in the plain by mistake" });
  plain.send('["REQ","s",{}]');
  plain.send(JSON.stringify(["EVENT", leaked]));
  const [verb, text] = (await plain.next()) as [string, string];
  assert.equal(verb, "NOTICE");
  assert.match(text, /^restricted: .*encrypted/);
  assert.ok(text.includes(relay.address));
  assert.equal((await plain.closed).code, 1008);
  await assert.rejects(plain.next(), /ended/); // the NOTICE was all
  secure.send('["REQ","all",{}]');
  assert.equal(((await secure.next()) as [string, string, { id: string }])[2].id, event.id);
  assert.deepEqual(await secure.next(), ["EOSE", "all", ["finish"]]);
});

test("a plain client that never closes is cut off", async (t) => {
  const relay = await testRelay(t);
  const plain = await bareClient(relay.url);
  await plain.closed;
  assert.ok(relay.log.some(({ event }) => event === "plaintext client turned away"));
});

test("a plain client authenticates by NIP-42 where plaintext is allowed", async (t) => {
  const relay = await testRelay(t, { config: { plaintext: "loopback" } });
  const plain = await bareClient(relay.url);
  const [verb, challenge] = (await plain.next()) as [string, string];
  assert.equal(verb, "AUTH");
  plain.send('["REQ","s",{}]');
  const [closed, , reason] = (await plain.next()) as [string, string, string];
  assert.equal(closed, "CLOSED");
  assert.match(reason, /^auth-required: /);
  const key = newKey();
  const auth = (tags: string[][]) => note({ kind: 22_242, tags }, key);
  for (const [tags, expected] of [
    [
      [
        ["relay", relay.url],
        ["challenge", "another"],
      ],
      /challenge/,
    ],
    [
      [
        ["relay", "wss://elsewhere.example"],
        ["challenge", challenge],
      ],
      /another relay/,
    ],
    [
      [
        ["relay", relay.url],
        ["challenge", challenge],
      ],
      /^$/,
    ],
  ] as [string[][], RegExp][]) {
    plain.send(JSON.stringify(["AUTH", auth(tags)]));
    const [ok, , , why] = (await plain.next()) as [string, string, boolean, string];
    assert.equal(ok, "OK");
    assert.match(why, expected);
  }
  plain.send('["REQ","s",{}]');
  assert.deepEqual(await plain.next(), ["EOSE", "s", ["finish"]]);
  await plain.close();
});

test("loopback means the client, not a proxy that speaks for somebody else", async (t) => {
  const relay = await testRelay(t, { config: { plaintext: "loopback", auth: "optional" } });
  const { WebSocket } = await import("ws");
  for (const header of ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"]) {
    class Forwarded extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { [header]: "192.0.2.7" } });
      }
    }
    const plain = await bareClient(relay.url, Forwarded as unknown as typeof WebSocket);
    assert.equal(((await plain.next()) as unknown[])[0], "NOTICE", header);
    await plain.closed;
  }
});

test("framing errors end a plain connection", async (t) => {
  const relay = await testRelay(t, { config: { plaintext: "loopback", auth: "optional" } });
  const { WebSocket } = await import("ws");
  const limit = 524_288;
  for (const [data, code] of [
    ["", 1003],
    [Buffer.from([1, 2, 3]), 1003],
    [`["REQ","s",{"#t":["${"x".repeat(limit)}"]}]`, 1009],
  ] as const) {
    const socket = new WebSocket(relay.url);
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    socket.on("open", () => socket.send(data));
    assert.equal(await closed, code);
  }
});
