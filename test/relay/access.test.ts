/** Access rules as clients meet them: the same for what is stored and what arrives. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { type AccessSettings, accessPolicy } from "../../src/policy/access.ts";
import { WebOfTrust } from "../../src/policy/web-of-trust.ts";
import { all, type Policy } from "../../src/policy.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { EventStore } from "../../src/store.ts";
import { OPEN, open } from "../policy/settings.ts";
import { reconcileWith } from "./conformance/negentropy.ts";
import { Author, CONFORMANCE_LIMITS, NOW, STORED } from "./conformance/session.ts";
import { createTestRelay, fixedClock, type TestRelay, turns } from "./setup.ts";

const [member, stranger] = [new Author(), new Author()];
/** The first message of somebody who has nothing. */
const NOTHING = "6100000200";
const nobody = { has: () => false };
const relayWith = (settings: Partial<AccessSettings>, store: EventStore): TestRelay =>
  createTestRelay({
    store,
    policy: accessPolicy({ ...OPEN, ...settings }, { members: nobody, webOfTrust: nobody }),
  });
const note = (kind: number, age = 0) =>
  member.sign({ kind, created_at: NOW - age, content: `${kind} ${age}` });

const stores = [
  ["memory", async () => new MemoryStore()],
  ["SQLite", () => openSqliteStore(":memory:")],
] as const;

for (const [name, openStore] of stores) {
  test(`${name}: hidden kinds are neither found nor delivered, and take no place of others`, async () => {
    for (const read of [open({ exceptKinds: [4] }), open({ kinds: [1, 3] })]) {
      const store = await openStore();
      const { connect } = relayWith({ read }, store);
      const { session } = connect();
      const shown = [note(1, 5), note(1, 6)];
      await session.publishAll([note(4, 1), note(4, 2), ...shown]);
      const ids = shown.map(({ id }) => id);
      assert.deepEqual(await session.request("any", { limit: 2 }), ids);
      assert.deepEqual(await session.request("both", { kinds: [1, 4] }), ids);
      assert.deepEqual(await session.count({}), { count: ids.length });
      assert.deepEqual(await session.count({ kinds: [1, 4] }), { count: ids.length });
      const hidden = { ids: [note(4, 1).id] };
      assert.deepEqual(await session.request("mine", hidden, { authors: [member.pubkey] }), ids);
      assert.match(await session.refused("dms", { kinds: [4] }), /^restricted: ./);
      await session.publish(note(4));
      await session.publish(note(1));
      const live = await session.settle();
      assert.deepEqual(
        live.map(([verb, id, event]) => [verb, id, (event as NostrEvent).id]).sort(),
        ["any", "both", "mine"].map((id) => ["EVENT", id, note(1).id]),
      );
      await store.close();
    }
  });
}

for (const [name, openStore] of stores) {
  test(`${name}: a reconciliation gives no id of a hidden kind, nor counts it`, async () => {
    for (const read of [open({ exceptKinds: [4] }), open({ kinds: [1, 3] })]) {
      const store = await openStore();
      const { session } = relayWith({ read }, store).connect();
      const hidden = [note(4, 1), note(4, 2), note(4, 7)];
      const shown = [note(1, 5), note(3, 6)];
      await session.publishAll([...hidden, ...shown]);
      const ids = shown.map(({ id }) => id).sort();
      const all = { ids: [...hidden, ...shown].map(({ id }) => id) };
      const filters = [{}, { limit: 2 }, { kinds: [1, 3, 4] }, { authors: [member.pubkey] }, all];
      for (const filter of filters) {
        const { need } = await reconcileWith(session, filter);
        assert.deepEqual([...need].sort(), ids, JSON.stringify(filter));
      }
      // Who offers hidden events is not told that they are known here.
      const { have } = await reconcileWith(session, {}, hidden);
      assert.deepEqual([...have].sort(), hidden.map(({ id }) => id).sort());
      session.send("NEG-OPEN", "dms", { kinds: [4] }, NOTHING);
      const [verb, , reason] = await session.next();
      assert.equal(verb, "NEG-ERR");
      assert.match(String(reason), /^restricted: ./);
      await store.close();
    }
  });
}

test("a policy that hides an author hides it from reconciliation, too", async () => {
  const authors: ReadonlySet<string> = new Set([member.pubkey]);
  const policy: Policy = { narrow: (filter) => ({ ...filter, authors }) };
  const { session } = createTestRelay({ policy }).connect();
  await session.publishAll([note(1, 1), stranger.sign(), note(1, 2)]);
  const { need } = await reconcileWith(session, {});
  assert.deepEqual([...need].sort(), [note(1, 1).id, note(1, 2).id].sort());
});

test("who may not read gets NEG-ERR", async () => {
  const { connect } = relayWith({ read: open({ allow: [member.pubkey] }) }, new MemoryStore());
  for (const [pubkeys, expected] of [
    [[], /^auth-required: ./],
    [[stranger.pubkey], /^restricted: ./],
  ] as const) {
    const { session } = connect({ pubkeys });
    session.send("NEG-OPEN", "x", {}, NOTHING);
    const [verb, , reason] = await session.next();
    assert.equal(verb, "NEG-ERR");
    assert.match(String(reason), expected);
  }
});

test("who may not read gets CLOSED, and nothing later", async () => {
  const { connect } = relayWith({ read: open({ allow: [member.pubkey] }) }, new MemoryStore());
  const [anonymous, other, reader] = [
    connect().session,
    connect({ pubkeys: [stranger.pubkey] }).session,
    connect({ pubkeys: [stranger.pubkey, member.pubkey] }).session,
  ];
  assert.match(await anonymous.refused("x", {}), /^auth-required: ./);
  assert.match(await other.refused("x", {}), /^restricted: ./);
  assert.deepEqual(await reader.request("x", {}), []);
  const event = stranger.sign();
  assert.deepEqual(await anonymous.publish(event), STORED);
  assert.deepEqual(await reader.live(), [event.id]);
  for (const session of [anonymous, other]) assert.match(await session.refused("y", {}), /./);
});

test("a key that is shown later opens what was closed", async () => {
  const { connect } = relayWith({ read: open({ allow: [member.pubkey] }) }, new MemoryStore());
  const { session } = connect({ challenge: "riddle" });
  assert.match(await session.refused("x", {}), /^auth-required: ./);
  const auth = member.sign({ kind: 22_242 });
  session.send("AUTH", auth);
  assert.deepEqual(await session.ok(auth.id), STORED);
  assert.deepEqual(await session.request("x", {}), []);
});

test("a banned key ends the channel that others have opened", async () => {
  const connectRule = { allow: ["everybody" as const], deny: [stranger.pubkey] };
  const { connect } = relayWith({ connect: connectRule }, new MemoryStore());
  const client = connect({ pubkeys: [member.pubkey] });
  const auth = stranger.sign({ kind: 22_242 });
  client.session.send("AUTH", auth);
  const ok = await client.session.ok(auth.id);
  assert.deepEqual([ok.accepted, ok.reason.split(":")[0]], [false, "blocked"]);
  await turns();
  assert.equal(client.far.ended?.code, 4003);
});

test("an event that is not accepted is neither stored nor delivered", async () => {
  const { connect } = relayWith({ write: open({ allow: [member.pubkey] }) }, new MemoryStore());
  const { session } = connect({ pubkeys: [member.pubkey] });
  await session.request("x", {});
  for (const kind of [1, 20_001]) {
    const ok = await session.publish(stranger.sign({ kind }));
    assert.match(ok.reason, /^restricted: ./);
  }
  const event = member.sign();
  assert.deepEqual(await session.publish(event), STORED);
  assert.deepEqual(await session.live(), [event.id]);
});

test("the web of trust follows the lists that are published", async () => {
  const store = new MemoryStore();
  let due: (() => void) | undefined;
  const clock = {
    ...fixedClock,
    after: (_: number, run: () => void) => {
      due = run;
      return () => {};
    },
  };
  const log = () => {};
  const settings = { roots: [member.pubkey], depth: 1, maxKeys: 10 };
  const trust = new WebOfTrust(settings, { store, clock, log, defer: setImmediate });
  const access = accessPolicy(
    { ...OPEN, write: open({ allow: ["webOfTrust"] }) },
    { members: trust, webOfTrust: trust },
  );
  const { connect } = createTestRelay({ store, policy: all(access, trust.observer) });
  const { session } = connect();
  assert.match((await session.publish(stranger.sign())).reason, /^restricted: ./);
  await session.publishAll([member.sign({ kind: 3, tags: [["p", stranger.pubkey]] })]);
  due?.();
  await turns();
  assert.deepEqual(await session.publish(stranger.sign()), STORED);
  await session.publishAll([member.sign({ kind: 3, created_at: NOW + 1 })]);
  due?.();
  await turns();
  assert.match((await session.publish(stranger.sign({ content: "?" }))).reason, /^restricted: ./);
});

test("who may still read keeps what was asked, however many kinds the relay put into it", async () => {
  const policy = accessPolicy(
    { ...OPEN, read: open({ kinds: ["0-40"] }) },
    { members: nobody, webOfTrust: nobody },
  );
  const limits = { ...CONFORMANCE_LIMITS, maxFilterValues: 10 };
  const { connect, relay } = createTestRelay({ policy, limits });
  const client = connect({ pubkeys: [member.pubkey] });
  client.session.send("REQ", "s", { authors: [member.pubkey] });
  client.session.send("NEG-OPEN", "n", { authors: [member.pubkey] }, NOTHING);
  await turns();
  const before = client.unread.length;
  await relay.review(member.pubkey);
  await turns();
  assert.equal(before, 2);
  assert.deepEqual(client.unread.slice(before), []);
});
