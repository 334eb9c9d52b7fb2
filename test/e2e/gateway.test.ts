/** Apps that have never heard of npubwire, at a relay that speaks nothing else. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import type { NostrEvent } from "nostr-tools/core";
import { SimplePool, useWebSocketImplementation as usePoolWebSocket } from "nostr-tools/pool";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket, WebSocketServer } from "ws";
import { keySigner } from "../../src/channel/signer.ts";
import { systemClock } from "../../src/clock.ts";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { SecureWebSocketServer } from "../../src/server.ts";
import { bareClient } from "./client.ts";
import { crypto, forTools, newKey, note, someEvents } from "./events.ts";
import { ask, testGateway } from "./gateway.ts";
import { patient } from "./patience.ts";
import { testRelay } from "./setup.ts";

useWebSocketImplementation(WebSocket);
usePoolWebSocket(WebSocket);

test("nostr-tools, unmodified: publish, read back, and hear what comes", async (t) => {
  const relay = await testRelay(t);
  const gateway = await testGateway(t, { home: relay.address });
  const client = patient(await Relay.connect(gateway.url("home")));
  t.after(() => client.close());
  const events = someEvents().filter((event) => event.kind === 1);
  for (const event of events) await client.publish(forTools(event));
  const received = await new Promise<NostrEvent[]>((resolve) => {
    const found: NostrEvent[] = [];
    client.subscribe([{ kinds: [1], limit: 5_000 }], {
      onevent: (event) => found.push(event),
      oneose: () => resolve(found),
    });
  });
  assert.deepEqual(
    received.map((event) => event.id).sort(),
    events.map((event) => event.id).sort(),
  );
  const live = new Promise<NostrEvent>((resolve) => {
    client.subscribe([{ kinds: [1], limit: 0 }], { onevent: resolve });
  });
  const pool = new SimplePool();
  t.after(() => pool.close([gateway.url("home")]));
  patient(await pool.ensureRelay(gateway.url("home")));
  const event = note({ content: "live" });
  await Promise.all(pool.publish([gateway.url("home")], forTools(event)));
  assert.equal((await live).id, event.id);
});

test("the relay knows the gateway's key; an app that signs in is told that it is not needed", async (t) => {
  const [member, stranger] = [newKey(), newKey()];
  const npub = encodeNpub(publicKeyOf(member, crypto));
  const relay = await testRelay(t, { config: { access: { connect: { allow: [npub] } } } });
  const gateway = await testGateway(
    t,
    { home: relay.address },
    { signer: () => keySigner(member, crypto) },
  );
  const client = await bareClient(gateway.url("home"));
  const auth = note({ kind: 22_242, tags: [["challenge", "x"]] }, stranger);
  for (const verb of ["AUTH", "\\u0041UTH"]) {
    client.send(` [ "${verb}", ${auth.json}]`);
    const [type, id, accepted, reason] = (await client.next()) as unknown[];
    assert.deepEqual([type, id, accepted], ["OK", auth.id, false]);
    assert.match(String(reason), /^restricted: the gateway has signed in/);
  }
  const event = note({}, member);
  client.send(`["EVENT",${event.json}]`);
  assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
  await client.close();

  const refused = await testGateway(
    t,
    { home: relay.address },
    { signer: () => keySigner(stranger, crypto) },
  );
  const turnedAway = await bareClient(refused.url("home"));
  assert.match(String(await turnedAway.next()), /^NOTICE,npubwire gateway: restricted: /);
  assert.equal((await turnedAway.closed).code, 4003);
});

test("answers of megabytes come whole to who reads, and wait at the relay for who does not", async (t) => {
  const relay = await testRelay(t);
  let stalled = (_run: () => void): void => {};
  const gateway = await testGateway(
    t,
    { home: relay.address },
    {
      clock: {
        now: systemClock.now,
        after(milliseconds, run) {
          if (milliseconds !== 60_000) return systemClock.after(milliseconds, run);
          stalled(run);
          return () => {};
        },
      },
    },
  );
  const client = await bareClient(gateway.url("home"));
  const count = 300;
  const content = "x".repeat(60_000);
  for (let index = 0; index < count; index += 1) {
    client.send(`["EVENT",${note({ content, created_at: 1_700_000_000 + index }).json}]`);
  }
  for (let index = 0; index < count; index += 1) {
    assert.equal(((await client.next()) as unknown[])[2], true);
  }
  client.send('["REQ","all",{"limit":500}]');
  for (let index = 0; index < count; index += 1) {
    assert.equal(((await client.next()) as unknown[])[0], "EVENT");
  }
  assert.equal(((await client.next()) as unknown[])[0], "EOSE");
  await client.close();

  const reader = new WebSocket(gateway.url("home"));
  t.after(() => reader.terminate());
  await once(reader, "open");
  const queueIsFull = new Promise<() => void>((resolve) => {
    stalled = resolve;
  });
  reader.send('["REQ","all",{"limit":500}]');
  reader.pause();
  const aMinutePasses = await queueIsFull;
  aMinutePasses();
  const closed = once(reader, "close");
  let read = 0;
  reader.on("message", () => {
    read += 1;
  });
  reader.resume();
  assert.equal((await closed)[0], 4005);
  assert.ok(read < count, `${read} of ${count} had left the relay`);
});

test("a relay that asks the app to sign in is not heard: the gateway has done so", async (t) => {
  const key = newKey();
  const relay = new SecureWebSocketServer({ port: 0, host: "127.0.0.1", key });
  await once(relay, "listening");
  t.after(() => relay.close());
  relay.on("connection", (socket) => {
    for (const verb of ["AUTH", "\\u0041UTH"]) socket.send(`[ "${verb}", "challenge"]`);
    socket.send('["NOTICE","hello"]');
  });
  const npub = encodeNpub(publicKeyOf(key, crypto));
  const { port } = relay.address() as AddressInfo;
  const gateway = await testGateway(t, { home: `nostr+ws://${npub}@127.0.0.1:${port}` });
  const client = await bareClient(gateway.url("home"));
  assert.deepEqual(await client.next(), ["NOTICE", "hello"]);
  await client.close();
});

test("foreign web pages and rebound names get 403, guessed paths 404, before any upgrade", async (t) => {
  const relay = await testRelay(t);
  const page = "https://app.example";
  const gateway = await testGateway(t, { home: relay.address }, { origins: [page] });
  const url = gateway.url("home");
  const { port, secret } = gateway;
  for (const upgrade of [true, false]) {
    for (const [headers, status] of [
      [{ Origin: "https://evil.example" }, 403],
      [{ Origin: "null" }, 403],
      [{ Host: `evil.example:${port}` }, 403],
      [{ Host: `localhost:${port}` }, 403],
      [{ Host: `evil.example:${port}`, Origin: page }, 403],
      [{ Origin: page }, upgrade ? 101 : 426],
      [{}, upgrade ? 101 : 426],
    ] as const) {
      const answer = await ask(url, headers, { upgrade });
      assert.equal(answer.status, status, JSON.stringify({ headers, upgrade }));
      if (status === 403) assert.equal(answer.headers["access-control-allow-origin"], undefined);
    }
    const wrong = `${secret.startsWith("0") ? "1" : "0"}${secret.slice(1)}`;
    const answers = await Promise.all(
      [`${wrong}/home`, `${secret}/away`, `${wrong}/away`, ""].map((path) =>
        ask(`ws://127.0.0.1:${port}/${path}`, {}, { upgrade }),
      ),
    );
    for (const { status, headers, body } of answers) {
      assert.equal(status, 404);
      assert.equal(body, "");
      assert.deepEqual(Object.keys(headers).sort(), Object.keys(answers[0]?.headers ?? {}).sort());
    }
  }
  assert.equal(
    (await ask(url, { Origin: "https://evil.example" }, { method: "OPTIONS" })).status,
    403,
  );
  assert.equal((await ask(url, {}, { method: "POST" })).status, 405);
});

test("NIP-11 is the gateway's own word, for programs and allowed pages", async (t) => {
  const relay = await testRelay(t, { config: { information: { hidden: true } } });
  const page = "https://app.example";
  const gateway = await testGateway(t, { home: relay.address }, { origins: [page] });
  const Accept = "application/nostr+json";
  const { status, headers, body } = await ask(gateway.url("home"), { Accept });
  assert.equal(status, 200);
  assert.match(String(headers["content-type"]), /^application\/nostr\+json/);
  assert.equal(headers["access-control-allow-origin"], undefined);
  const document = JSON.parse(body);
  assert.equal(document.name, "home");
  assert.equal(encodeNpub(document.self), relay.npub);
  assert.ok(document.description.includes(relay.npub));
  const shared = await ask(gateway.url("home"), { Accept, Origin: page });
  assert.equal(shared.headers["access-control-allow-origin"], page);
  const preflight = await ask(gateway.url("home"), { Origin: page }, { method: "OPTIONS" });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers["access-control-allow-origin"], page);
});

test("a relay that cannot be reached, is another or is plain: words, a code, no plaintext", async (t) => {
  const relay = await testRelay(t);
  const other = encodeNpub(publicKeyOf(newKey(), crypto));
  const gone = await testRelay(t);
  await gone.close();
  const plain = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: () => false,
  });
  await once(plain, "listening");
  t.after(() => plain.close());
  plain.on("connection", (socket) => {
    socket.on("message", (data) => assert.fail(`a plain relay was told ${data}`));
  });
  const { port } = plain.address() as AddressInfo;
  const gateway = await testGateway(t, {
    plain: `nostr+ws://${relay.npub}@127.0.0.1:${port}`,
    gone: gone.address,
    other: relay.address.replace(relay.npub, other),
  });
  for (const [name, code, words] of [
    ["plain", 1008, /plain: .*does not speak npubwire; nothing was sent to it/],
    ["gone", 1013, /gone: the relay cannot be reached/],
    ["other", 1008, /other: .*may hold another key/],
  ] as const) {
    const client = await bareClient(gateway.url(name));
    client.send('["REQ","a",{}]');
    assert.match(String(await client.next()), words);
    assert.equal((await client.closed).code, code);
  }
  assert.deepEqual(
    gateway.log.map(({ event, fields }) => [event, fields?.["relay"], fields?.["reason"]]),
    [
      ["relay not reached", "plain", "not-npubwire"],
      ["relay not reached", "gone", "unreachable"],
      ["relay not reached", "other", "offer-refused"],
    ],
  );
});

test("a relay is remembered once it has proved its key, and another key is refused from then on", async (t) => {
  const relay = await testRelay(t);
  const other = encodeNpub(publicKeyOf(newKey(), crypto));
  const changed = relay.address.replace(relay.npub, other);
  const gateway = await testGateway(t, { home: relay.address, changed });
  await (await bareClient(gateway.url("home"))).close();
  const client = await bareClient(gateway.url("changed"));
  const message = String(await client.next());
  const place = `127.0.0.1:${relay.port}`;
  assert.match(message, /known by another key; nothing was sent to it/);
  assert.ok(message.includes(`npubwire forget ${place}`), message);
  assert.ok(message.includes(relay.npub) && message.includes(other));
  assert.equal((await client.closed).code, 1008);
  assert.ok(gateway.knownRelays.forget(place));
  const again = await bareClient(gateway.url("changed"));
  assert.match(String(await again.next()), /may hold another key/);
});

test("a relay that stops closes the app's connection, and one that returns is reached again", async (t) => {
  const relay = await testRelay(t);
  const config = { port: relay.port };
  const gateway = await testGateway(t, { home: relay.address });
  const client = await bareClient(gateway.url("home"));
  client.send('["REQ","a",{"limit":0}]');
  await client.next();
  await relay.close();
  const { code } = await client.closed;
  assert.equal(code, 4001);
  await testRelay(t, { data: relay.data, config });
  const again = await bareClient(gateway.url("home"));
  again.send('["REQ","a",{"limit":0}]');
  assert.equal(((await again.next()) as unknown[])[0], "EOSE");
  await again.close();
});

test("a gateway that stops says so, and one that apps abuse goes on", async (t) => {
  const relay = await testRelay(t);
  const gateway = await testGateway(t, { home: relay.address });
  const binary = await bareClient(gateway.url("home"));
  binary.send(Buffer.from([1, 2, 3]) as unknown as string);
  assert.equal((await binary.closed).code, 1003);
  const raw = connect(gateway.port, "127.0.0.1");
  raw.end(Buffer.from([0x16, 0x03, 0x01, 0xff, 0x00, 0x0a]));
  raw.resume();
  await once(raw, "close");
  const noKey = { "Sec-WebSocket-Key": "" };
  assert.equal((await ask(gateway.url("home"), noKey, { upgrade: true })).status, 400);
  const abrupt = new WebSocket(gateway.url("home"));
  await once(abrupt, "open");
  abrupt.terminate();
  const long = await bareClient(gateway.url("home"));
  long.send("x".repeat(5_000_000));
  await long.closed;
  const client = await bareClient(gateway.url("home"));
  client.send('["REQ","a",{"limit":0}]');
  assert.equal(((await client.next()) as unknown[])[0], "EOSE");
  await gateway.close();
  assert.equal((await client.closed).code, 4001);
});
