import assert from "node:assert/strict";
import { test } from "node:test";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { InsertOutcome } from "../../src/store.ts";
import { TestClock } from "../channel/clock.ts";
import { Author, CONFORMANCE_LIMITS, STORED } from "./conformance/session.ts";
import { createTestRelay, Gate, turns, unsigned } from "./setup.ts";

const author = new Author();

class SlowStore extends MemoryStore {
  readonly gate = new Gate();
  override async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    await this.gate.opened;
    return super.insert(events);
  }
}

test("close answers what was received, then closes every channel as going away", async () => {
  const store = new SlowStore();
  const { relay, connect } = createTestRelay({ store });
  const [publisher, idle] = [connect(), connect()];
  const event = author.sign();
  publisher.session.send("EVENT", event);
  let closed = false;
  const closing = relay.close().then(() => {
    closed = true;
  });
  publisher.session.send("EVENT", author.sign({ content: "too late" }));
  await turns();
  assert.deepEqual([closed, publisher.far.ended], [false, undefined]);
  store.gate.open();
  await closing;
  assert.deepEqual(publisher.unread, [["OK", event.id, true, ""]]);
  assert.deepEqual([publisher.far.ended?.code, idle.far.ended?.code], [4001, 4001]);
  assert.equal(await store.count([{ tags: new Map() }]), 1);
});

test("close waits for the events of clients that have left", async () => {
  const store = new SlowStore();
  const { relay, connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("EVENT", author.sign());
  client.close();
  let closed = false;
  const closing = relay.close().then(() => {
    closed = true;
  });
  await turns();
  assert.equal(closed, false);
  store.gate.open();
  await closing;
  assert.equal(await store.count([{ tags: new Map() }]), 1);
});

test("a client that has left is forgotten", async () => {
  const { relay, connect } = createTestRelay();
  const client = connect();
  client.close();
  await turns();
  client.far.close = () => assert.fail("closed again");
  await relay.close();
});

test("close waits for scans, so that the store may be closed after it", async () => {
  const gate = new Gate();
  const store = new MemoryStore();
  store.query = async function* () {
    await gate.opened;
    yield [];
  };
  const { relay, connect } = createTestRelay({ store });
  const [leaving, staying] = [connect(), connect()];
  leaving.session.send("REQ", "x", {});
  staying.session.send("REQ", "x", {});
  leaving.close();
  let closed = false;
  const closing = relay.close().then(() => {
    closed = true;
  });
  await turns();
  assert.equal(closed, false);
  gate.open();
  await closing;
});

test("close leaves no timer behind, and waits for a sweep", async () => {
  const [clock, gate] = [new TestClock(), new Gate()];
  const store = new MemoryStore();
  store.sweep = () => gate.opened.then(() => 1);
  const { relay } = createTestRelay({ store, clock });
  assert.equal(clock.pending, 1);
  clock.advance(60_000);
  let closed = false;
  const closing = relay.close().then(() => {
    closed = true;
  });
  await turns();
  assert.equal(closed, false);
  gate.open();
  await closing;
  assert.equal(clock.pending, 0);
});

test("a relay that is closing takes no channel", async () => {
  const { relay, connect } = createTestRelay();
  await relay.close();
  const client = connect();
  assert.equal(client.far.ended?.code, 4001);
});

test("10,000 events in one go are all taken, and another client is served meanwhile", async () => {
  const { connect } = createTestRelay({ crypto: unsigned });
  const [flooder, other] = [connect(), connect()];
  const count = 10_000;
  for (let i = 0; i < count; i += 1) {
    flooder.session.send("EVENT", author.sign({ content: `${i}` }, unsigned));
  }
  assert.deepEqual(await other.session.publish(author.sign({}, unsigned)), STORED);
  assert(flooder.unread.length < count / 10, `${flooder.unread.length} came before`);
  for (let i = 0; i < count; i += 1) {
    const [verb, , accepted] = (await flooder.next()) as [string, string, boolean];
    assert.deepEqual([verb, accepted], ["OK", true]);
  }
});

test("events up to the limits are taken, beyond them refused; a million tags do no harm", async () => {
  const { connect } = createTestRelay();
  const { session } = connect();
  const { maxEventTags } = CONFORMANCE_LIMITS;
  const tags = (count: number) => Array.from({ length: count }, () => ["t", "x"]);
  assert.deepEqual(await session.publish(author.sign({ tags: tags(maxEventTags) })), STORED);
  for (const count of [maxEventTags + 1, 1_000_000]) {
    const ok = await session.publish(author.sign({ tags: tags(count) }));
    assert.match(ok.reason, /^invalid: ./);
  }
  assert.deepEqual(await session.publish(author.sign()), STORED);
});

test("every event of a listener is the text of the store, serialised once", async () => {
  const { connect } = createTestRelay();
  const [one, other, publisher] = [connect(), connect(), connect()];
  const texts: string[] = [];
  for (const client of [one, other]) {
    await client.session.request("x", { authors: [author.pubkey], limit: 0 });
    const send = client.far.send.bind(client.far);
    client.far.send = (text) => {
      texts.push(text);
      send(text);
    };
  }
  const event = author.sign({ content: "once" });
  await publisher.session.publish(event);
  assert.deepEqual(texts, [`["EVENT","x",${event.json}]`, `["EVENT","x",${event.json}]`]);
});
