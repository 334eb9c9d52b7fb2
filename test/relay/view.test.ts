/** What a reader sees while time passes and keys are proved. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { TestClock } from "../channel/clock.ts";
import { Author, CONFORMANCE_LIMITS, NOW, STORED } from "./conformance/session.ts";
import { createTestRelay, Gate, turns } from "./setup.ts";

const author = new Author();
const filter = { authors: [author.pubkey] };
const expiring = (seconds: number, kind = 1) =>
  author.sign({ kind, tags: [["expiration", `${NOW + seconds}`]] });

test("rule 31: an event is gone at once when it expires, and cannot be published again", async () => {
  for (const store of [new MemoryStore(), await openSqliteStore(":memory:")]) {
    const clock = new TestClock(NOW);
    const { connect } = createTestRelay({ store, clock });
    const { session } = connect();
    const [event, lasting] = [expiring(10), author.sign({ created_at: NOW - 1 })];
    await session.publishAll([event, lasting]);
    clock.advance(9_999);
    assert.deepEqual(await session.stored(filter), [event.id, lasting.id]);
    clock.advance(1);
    assert.deepEqual(await session.stored(filter), [lasting.id]);
    assert.deepEqual(await session.stored({ ...filter, limit: 1 }), [lasting.id]);
    assert.equal((await session.publish(event)).reason, "invalid: the event has expired");
    clock.advance(60_000);
    await turns();
    assert.equal(await store.count([{ tags: new Map() }]), 1);
    assert.deepEqual(await session.stored(filter), [lasting.id]);
    await store.close();
  }
});

test("rule 31: an event that expires while it is stored is not delivered live", async () => {
  const [clock, gate] = [new TestClock(NOW), new Gate()];
  class SlowStore extends MemoryStore {
    override async insert(events: readonly VerifiedEvent[]) {
      await gate.opened;
      return super.insert(events);
    }
  }
  const { connect } = createTestRelay({ store: new SlowStore(), clock });
  const [publisher, listener] = [connect(), connect()];
  await listener.session.request("x", filter);
  const event = expiring(5);
  publisher.session.send("EVENT", event);
  await turns();
  clock.advance(5_000);
  gate.open();
  assert.deepEqual(await publisher.session.ok(event.id), STORED);
  assert.deepEqual(await listener.session.live(), []);
});

test("rule 31: an event that expires while it waits for EOSE is not delivered", async () => {
  const [clock, gate] = [new TestClock(NOW), new Gate()];
  const store = new MemoryStore();
  store.query = async function* () {
    await gate.opened;
    yield [];
    return "finish";
  };
  const { connect } = createTestRelay({ store, clock });
  const [publisher, listener] = [connect(), connect()];
  listener.session.send("REQ", "x", filter);
  const lasting = author.sign();
  await publisher.session.publishAll([expiring(5), lasting]);
  clock.advance(5_000);
  gate.open();
  await turns();
  const seen = listener.unread.map(
    (message) => (message as [string, string, VerifiedEvent?])[2]?.id,
  );
  assert.deepEqual(seen, [undefined, lasting.id]);
});

/** Reads its second page as it gives the first, as a thread may. */
class ReadingAhead extends MemoryStore {
  override async *query(...asked: Parameters<MemoryStore["query"]>) {
    const texts: string[] = [];
    for await (const page of super.query(...asked)) texts.push(...page);
    yield texts.slice(0, 16);
    yield texts.slice(16);
    return "finish" as const;
  }
}

test("rule 31: what waits for a slow client is not sent once it has expired or is removed", async () => {
  const [clock, store] = [new TestClock(NOW), new ReadingAhead()];
  const events = Array.from({ length: 24 }, (_, i) =>
    author.sign({
      created_at: NOW - i,
      content: "x".repeat(30_000),
      tags: i % 2 ? [["expiration", `${NOW + 10}`]] : [],
    }),
  );
  const removed = [events[14], events[20]].map((event) => event?.id);
  await store.insert(events);
  const { connect } = createTestRelay({
    store,
    clock,
    limits: { ...CONFORMANCE_LIMITS, maxLimit: 24 },
  });
  const client = connect();
  client.far.stall();
  client.session.send("REQ", "x", { ...filter, limit: 24 });
  await turns();
  clock.advance(10_000);
  await store.remove(events.flatMap(({ id }) => (removed.includes(id) ? id : [])));
  client.far.flow();
  await turns();
  const seen = client.unread.map((message) => (message as [string, string, VerifiedEvent?])[2]?.id);
  // The first ten fill the queue before the time has come.
  const shown = events.filter(({ id }, i) => i < 10 || (i % 2 === 0 && !removed.includes(id)));
  assert.deepEqual(seen, [...shown.map(({ id }) => id), undefined]);
});

test("rule 32: a stranger who asks for gift wraps alone is told to authenticate, and then may", async () => {
  const reader = new Author();
  const { connect } = createTestRelay();
  const { session } = connect({ challenge: "x" });
  const wrap = new Author().sign({ kind: 1059, tags: [["p", reader.pubkey]] });
  await session.publishAll([wrap]);
  const mine = { kinds: [1059], "#p": [reader.pubkey] };
  assert.match(await session.refused("x", mine), /^auth-required: ./);
  assert.match(
    await session.refused("x", { kinds: [1] }, { kinds: [21_059] }),
    /^auth-required: ./,
  );
  assert.deepEqual(await session.request("all", { kinds: [1, 1059] }), []);
  const auth = reader.sign({ kind: 22_242, tags: [["challenge", "x"]] });
  session.send("AUTH", auth);
  assert.deepEqual(await session.ok(auth.id), STORED);
  assert.deepEqual(await session.stored(mine), [wrap.id]);
  // A subscription from before sees with the new key, too.
  const another = new Author().sign({ kind: 1059, tags: [["p", reader.pubkey]] });
  await session.publishAll([another]);
  assert.deepEqual(await session.live(), [another.id]);
});

test("rule 33: OK says whether a key is missing or the wrong one was proved", async () => {
  const { connect } = createTestRelay();
  const event = author.sign({ tags: [["-"]] });
  const other = new Author().pubkey;
  const publish = (pubkeys: Iterable<typeof other>) => connect({ pubkeys }).session.publish(event);
  const reason = "this event may only be published by its author";
  assert.equal((await publish([])).reason, `auth-required: ${reason}`);
  assert.equal((await publish([other])).reason, `restricted: ${reason}`);
  assert.deepEqual(await publish([other, author.pubkey]), STORED);
});
