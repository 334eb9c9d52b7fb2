/** Dialling through a SOCKS proxy: it looks up every name, and nothing goes past it. */

import assert from "node:assert/strict";
import dns from "node:dns";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { route } from "../../src/server/dial.ts";
import { selfSigned } from "../bench/certificate.ts";
import { bareClient, failure } from "./client.ts";
import { testGateway } from "./gateway.ts";
import { npubwire } from "./process.ts";
import { testRelay } from "./setup.ts";
import { socksProxy } from "./socks.ts";

/** Ends the test that asks a name server. */
function withoutNames(t: TestContext): void {
  for (const name of ["lookup", "resolve", "resolve4", "resolve6"] as const) {
    t.mock.method(dns, name, () => assert.fail(`dns.${name} was called`));
  }
}

test("names go to the proxy, .onion ones too, and no name server is asked", async (t) => {
  const relay = await testRelay(t);
  const proxy = await socksProxy(t, relay.port);
  withoutNames(t);
  const Class = secureWebSocket({ proxy: proxy.url });
  for (const host of ["relay.invalid:7777", `${"a".repeat(56)}.onion`, "[2001:db8::1]:7777"]) {
    const client = await bareClient(`nostr+ws://${relay.npub}@${host}`, Class);
    client.send('["REQ","s",{}]');
    assert.deepEqual(await client.next(), ["EOSE", "s", ["finish"]]);
    await client.close();
  }
  assert.deepEqual(proxy.asked.slice(0, 2), ["relay.invalid:7777", `${"a".repeat(56)}.onion:80`]);
  assert.equal(proxy.asked.length, 3);
});

test("the guard would notice: without a proxy the name is looked up here", async (t) => {
  const relay = await testRelay(t);
  const lookup = t.mock.method(dns, "lookup");
  const address = relay.address.replace("127.0.0.1", "localhost");
  await (await bareClient(address, secureWebSocket())).close();
  assert.ok(lookup.mock.callCount() > 0);
});

test("plain URLs take the proxy, too, where they are allowed at all", async (t) => {
  const relay = await testRelay(t, { config: { plaintext: "allow", auth: "optional" } });
  const proxy = await socksProxy(t, relay.port);
  withoutNames(t);
  const Class = secureWebSocket({ proxy: proxy.url, plain: "allow" });
  const client = await bareClient("ws://plain.invalid", Class);
  assert.equal(((await client.next()) as unknown[])[0], "AUTH");
  await client.close();
  assert.deepEqual(proxy.asked, ["plain.invalid:80"]);
});

test("a proxy that is not there, or cannot get there, has a code, and nothing goes past it", async (t) => {
  const relay = await testRelay(t);
  const gone = secureWebSocket({ proxy: "socks5h://127.0.0.1:1" });
  assert.equal((await failure(relay.address, gone)).code, "proxy");
  const lost = await socksProxy(t);
  const refused = secureWebSocket({ proxy: lost.url });
  assert.equal((await failure(relay.address, refused)).code, "unreachable");
  assert.deepEqual(lost.asked, [`127.0.0.1:${relay.port}`]);
  const noProxy = secureWebSocket({ proxy: `socks5h://127.0.0.1:${relay.port}` });
  assert.equal((await failure(relay.address, noProxy)).code, "proxy");
  assert.equal(
    relay.log.some(({ event }) => event.includes("refused")),
    false,
  );
});

test("what looks up names here, and .onion addresses without a proxy, are refused", async (t) => {
  withoutNames(t);
  for (const proxy of ["socks5://127.0.0.1:9050", "http://127.0.0.1", "127.0.0.1:9050", ""]) {
    assert.throws(() => secureWebSocket({ proxy }), { name: "DialError", code: "proxy" });
  }
  const npub = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
  const Class = secureWebSocket({ plain: "allow" });
  for (const host of ["abc.onion", "abc.ONION.:7777", "x.abc.onion"]) {
    assert.equal((await failure(`nostr+ws://${npub}@${host}`, Class)).code, "onion", host);
  }
  assert.throws(() => new Class("ws://abc.onion"), { name: "DialError", code: "onion" });
});

test("the commands take --proxy", async (t) => {
  const relay = await testRelay(t);
  const proxy = await socksProxy(t, relay.port);
  const address = `nostr+ws://${relay.npub}@relay.invalid:7777`;
  const said = await npubwire(["publish", "--relay", address, "--proxy", proxy.url, "hello"]);
  assert.equal(said.code, 0, said.err);
  const read = await npubwire(["req", "--relay", address, "--proxy", proxy.url, "--kind", "1"]);
  assert.match(read.out, /"content":"hello"/);
  assert.deepEqual(proxy.asked, ["relay.invalid:7777", "relay.invalid:7777"]);
  const gone = await npubwire(["req", "--relay", address, "--proxy", "socks5h://127.0.0.1:1"]);
  assert.deepEqual([gone.code, /SOCKS proxy/.test(gone.err)], [3, true]);
  const wrong = await npubwire(["req", "--relay", address, "--proxy", "socks5://127.0.0.1:1"]);
  assert.deepEqual([wrong.code, /socks5h/.test(wrong.err)], [2, true]);
});

test("the gateway reaches its relays through its proxy", async (t) => {
  const relay = await testRelay(t);
  const proxy = await socksProxy(t, relay.port);
  const addresses = { home: `nostr+ws://${relay.npub}@relay.invalid:7777` };
  const gateway = await testGateway(t, addresses, { route: route(proxy.url) });
  withoutNames(t);
  const app = await bareClient(gateway.url("home"));
  app.send('["REQ","s",{}]');
  assert.deepEqual(await app.next(), ["EOSE", "s", ["finish"]]);
  await app.close();
  assert.deepEqual(proxy.asked, ["relay.invalid:7777"]);
});

test("plain relays of a remote signer are dialled through it, too, and never at .onion without", async (t) => {
  const relay = await testRelay(t, { config: { plaintext: "allow", auth: "optional" } });
  const proxy = await socksProxy(t, relay.port);
  withoutNames(t);
  const options = { headers: {}, maxMessage: 1_024 };
  const socket = route(proxy.url).connectPlain("ws://signer.invalid", options);
  const opened = new Promise<void>((open) => {
    socket.handlers = { open, message() {}, close() {} };
  });
  await opened;
  socket.close(1000);
  assert.deepEqual(proxy.asked, ["signer.invalid:80"]);
  assert.throws(() => route().connectPlain("ws://abc.onion", options), { code: "onion" });
});

test("TLS is verified through a proxy as well", async (t) => {
  const relay = await testRelay(t);
  const { key, certificate } = selfSigned("relay.invalid");
  const server = createTlsServer({ key, cert: certificate });
  server.on("upgrade", () => assert.fail("the request was sent to whoever answered"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const proxy = await socksProxy(t, (server.address() as AddressInfo).port);
  const address = `nostr+wss://${relay.npub}@relay.invalid`;
  const Class = secureWebSocket({ proxy: proxy.url });
  const { code } = await failure(address, Class);
  assert.equal(code, "unreachable");
  assert.deepEqual(proxy.asked, ["relay.invalid:443"]);
});
