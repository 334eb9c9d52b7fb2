import assert from "node:assert/strict";
import { test } from "node:test";
import { accept, type Policy, reject } from "../../src/policy.ts";
import { Author, STORED } from "./conformance/session.ts";
import { createTestRelay, Gate, type PairClient, turns } from "./setup.ts";

const author = new Author();
const auth = author.sign({ kind: 22_242 });
const verbs = (client: PairClient) => client.unread.map((message) => (message as [string])[0]);

test("a relay that requires authentication says so, and to everything", async () => {
  const { connect } = createTestRelay({ auth: "required" });
  const client = connect({ challenge: "riddle" });
  const { session } = client;
  const event = author.sign();
  assert.deepEqual(await client.next(), ["AUTH", "riddle"]);
  const ok = await session.publish(event);
  assert.equal(ok.accepted, false);
  assert.match(ok.reason, /^auth-required: ./);
  assert.match(await session.refused("x", {}), /^auth-required: ./);
  session.send("AUTH", auth);
  assert.deepEqual(await session.ok(auth.id), STORED);
  assert.deepEqual(await session.publish(event), STORED);
  assert.deepEqual(await session.request("x", { ids: [event.id] }), [event.id]);
});

test("a peer that the channel has authenticated needs no AUTH and gets no challenge", async () => {
  const { connect } = createTestRelay({ auth: "required" });
  const client = connect({ pubkeys: [author.pubkey] });
  assert.deepEqual(await client.session.publish(author.sign()), STORED);
});

test("what is sent behind AUTH waits for the verdict, in order", async () => {
  const gate = new Gate();
  const { connect } = createTestRelay({ auth: "required" });
  const client = connect({ authenticate: () => gate.opened.then(() => ({ accepted: true })) });
  const event = author.sign();
  client.session.send("AUTH", auth);
  client.session.send("EVENT", event);
  client.session.send("REQ", "x", { kinds: [5] });
  client.send("nonsense");
  await turns();
  assert.deepEqual(verbs(client), []);
  gate.open();
  assert.deepEqual(await client.session.ok(auth.id), STORED);
  assert.deepEqual(await client.session.ok(event.id), STORED);
  const rest = await client.session.settle();
  assert.deepEqual(rest.map(([verb]) => verb).sort(), ["EOSE", "NOTICE"]);
});

test("the answer to AUTH comes in its place among the others", async () => {
  const gate = new Gate();
  const { connect } = createTestRelay({ policy: { write: () => gate.opened.then(() => accept) } });
  const client = connect();
  const event = author.sign();
  client.session.send("EVENT", event);
  client.session.send("AUTH", auth);
  client.session.send("REQ", "x", { kinds: [5] });
  await turns();
  assert.deepEqual(verbs(client), []);
  gate.open();
  await turns();
  assert.deepEqual(
    client.unread.map((message) => (message as unknown[]).slice(0, 2)),
    [
      ["OK", event.id],
      ["OK", auth.id],
      ["EOSE", "x"],
    ],
  );
});

test("what waits is bounded: reading stops first, and who goes on is closed", async () => {
  const { connect } = createTestRelay();
  const client = connect({ authenticate: () => new Promise(() => {}) });
  client.session.send("AUTH", auth);
  await turns();
  const filler = JSON.stringify(["REQ", "x", { "#t": ["y".repeat(10_000)] }]);
  for (let i = 0; i < 10; i += 1) client.send(filler);
  assert.equal(client.far.isPaused, true);
  client.far.resume(); // a channel that does not pause
  for (let i = 0; i < 200; i += 1) client.send(filler);
  assert.equal(client.far.ended?.code, 4004);
});

test("reading goes on when what waited has been taken", async () => {
  const gate = new Gate();
  const { connect } = createTestRelay();
  const client = connect({ authenticate: () => gate.opened.then(() => ({ accepted: true })) });
  client.session.send("AUTH", auth);
  for (let i = 0; i < 1_000; i += 1) client.session.send("REQ", "x", { "#t": ["y".repeat(200)] });
  await turns();
  assert.equal(client.far.isPaused, true);
  gate.open();
  await turns();
  assert.equal(client.far.isPaused, false);
  assert.deepEqual(await client.session.publish(author.sign()), STORED);
});

test("AUTH is answered by OK whatever is wrong with it; the third failure closes", async () => {
  const { connect } = createTestRelay();
  const client = connect({ authenticate: () => reject("invalid", "another challenge") });
  const wrong = [author.sign(), { ...auth, content: "changed" }, auth];
  const reasons = [];
  for (const event of wrong) {
    client.session.send("AUTH", event);
    reasons.push((await client.session.ok(event.id)).reason);
  }
  assert.deepEqual(reasons, [
    "invalid: AUTH takes an event of kind 22242",
    "invalid: id does not match the event",
    "invalid: another challenge",
  ]);
  await turns();
  assert.equal(client.far.ended?.code, 4002);
});

test("a key that is not admitted closes the channel before anything is done for it", async () => {
  const failing: Policy = {
    admit: () => {
      throw new Error("secret");
    },
  };
  const cases: readonly (readonly [Policy, number, RegExp])[] = [
    [{ admit: () => reject("restricted", "not you") }, 4003, /^restricted: not you$/],
    [{ admit: async () => reject("blocked", "banned") }, 4003, /^blocked: banned$/],
    [failing, 4008, /^error: the relay could not authenticate this key$/],
  ];
  for (const [policy, code, reason] of cases) {
    const { connect } = createTestRelay({ auth: "required", policy });
    const client = connect();
    client.session.send("AUTH", auth);
    client.session.send("REQ", "x", {});
    assert.match((await client.session.ok(auth.id)).reason, reason);
    await turns();
    assert.deepEqual([client.far.ended?.code, verbs(client)], [code, []]);
  }
});

test("the policy may refuse a REQ, at once or later; what follows waits", async () => {
  const gate = new Gate();
  const policies: readonly Policy[] = [
    { read: () => reject("restricted", "not this") },
    { read: () => gate.opened.then(() => reject("restricted", "not this")) },
  ];
  for (const policy of policies) {
    const { connect } = createTestRelay({ policy });
    const client = connect();
    client.session.send("REQ", "x", {});
    client.send("nonsense");
    gate.open();
    await turns();
    assert.deepEqual(verbs(client), ["CLOSED", "NOTICE"]);
    assert.deepEqual(client.unread[0], ["CLOSED", "x", "restricted: not this"]);
  }
});

test("a read policy that fails refuses, and a verdict that comes too late opens nothing", async () => {
  const failures: readonly Policy[] = [
    {
      read: () => {
        throw new Error("secret");
      },
    },
    { read: () => Promise.reject(new Error("secret")) },
  ];
  for (const policy of failures) {
    const { connect } = createTestRelay({ policy });
    const reason = await connect().session.refused("x", {});
    assert.equal(reason, "error: the relay could not decide on this query");
  }
  const gate = new Gate();
  const { connect } = createTestRelay({
    policy: { read: () => gate.opened.then(() => ({ accepted: true })) },
  });
  const [client, publisher] = [connect(), connect()];
  client.session.send("REQ", "x", { kinds: [20_000] });
  await turns();
  client.close();
  gate.open();
  await turns();
  const ok = await publisher.session.publish(author.sign({ kind: 20_000 }));
  assert.match(ok.reason, /^mute: /);
});

test("no subscription outlives its connection", async () => {
  const { connect } = createTestRelay();
  const publisher = connect();
  const ephemeral = () => publisher.session.publish(author.sign({ kind: 20_000 }));
  const clients = Array.from({ length: 5 }, () => connect());
  for (const client of clients) {
    await client.session.request("a", { kinds: [20_000] });
    await client.session.request("b", {});
  }
  assert.deepEqual(await ephemeral(), STORED);
  for (const client of clients) client.close();
  assert.match((await ephemeral()).reason, /^mute: /);
});

test("a client whose OKs pile up is not read from, whatever they say", async () => {
  const gate = new Gate();
  const { connect } = createTestRelay({ policy: { write: () => gate.opened.then(() => accept) } });
  const client = connect();
  const first = author.sign();
  client.session.send("EVENT", first);
  for (let i = 0; i < 300; i += 1) client.session.send("EVENT", { id: first.id });
  assert.equal(client.far.isPaused, true);
  gate.open();
  for (let i = 0; i < 301; i += 1) {
    assert.deepEqual((await client.session.next()).slice(0, 3), ["OK", first.id, i === 0]);
  }
  assert.equal(client.far.isPaused, false);
});

test("a thousand AUTHs do not keep the event loop", async () => {
  let attempts = 0;
  const { connect } = createTestRelay();
  const client = connect({
    authenticate: () => {
      attempts += 1;
      return accept;
    },
  });
  for (let i = 0; i < 1_000; i += 1) client.session.send("AUTH", auth);
  await turns();
  assert(attempts > 0 && attempts < 20, `${attempts} in ten turns`);
});

test("a client that sends without reading is not read from, and never fills the memory", async () => {
  const { connect } = createTestRelay();
  const client = connect();
  client.far.stall();
  for (let i = 0; i < 20_000 && !client.far.isPaused; i += 1) client.send("nonsense");
  assert.equal(client.far.isPaused, true);
  assert(client.far.bufferedAmount < 300_000);
  client.far.flow();
  assert.equal(client.far.isPaused, false);
  assert.deepEqual(await client.session.publish(author.sign()), STORED);
});

test("a channel that throws is closed and does not take the others with it", async () => {
  const { connect, logged } = createTestRelay();
  const [broken, whole, publisher] = [connect(), connect(), connect()];
  for (const { session } of [broken, whole]) await session.request("x", {});
  broken.far.send = () => {
    throw new Error("secret");
  };
  const event = author.sign();
  assert.deepEqual(await publisher.session.publish(event), STORED);
  assert.deepEqual(await whole.session.live(), [event.id]);
  assert.equal(broken.far.ended?.code, 4008);
  assert.equal(logged.length, 1);
});
