import assert from "node:assert/strict";
import { test } from "node:test";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { InsertOutcome } from "../../src/store.ts";
import { Author, CONFORMANCE_LIMITS, NOW, STORED } from "./conformance/session.ts";
import { createTestRelay, Gate, type PairClient, turns, unsigned } from "./setup.ts";

const author = new Author();
const sign = (i: number, size = 0) =>
  author.sign({ created_at: NOW - i, content: "x".repeat(size) });
const signMany = (count: number, size = 0) =>
  Array.from({ length: count }, (_, i) => sign(i, size));

/** Gives one page whenever a test lets it, and counts. */
class PagedStore extends MemoryStore {
  readonly pages: Gate[] = [];
  readonly #page: (i: number) => readonly VerifiedEvent[];
  pulled = 0;
  running = 0;
  most = 0;
  asked: (readonly Filter[])[] = [];

  constructor(page: (i: number) => readonly VerifiedEvent[], pages: number) {
    super();
    this.#page = page;
    for (let i = 0; i < pages; i += 1) this.pages.push(new Gate());
  }

  openAll(): void {
    for (const gate of this.pages) gate.open();
  }

  override async *query(filters: readonly Filter[]): AsyncGenerator<readonly string[]> {
    this.asked.push(filters);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      for (const [i, gate] of this.pages.entries()) {
        await gate.opened;
        this.pulled += 1;
        yield this.#page(i).map((event) => event.json);
      }
    } finally {
      this.running -= 1;
    }
  }
}

const endOf = (client: PairClient) => client.far.ended?.code;
const kinds = (messages: readonly unknown[]) =>
  messages.map((message) => {
    const [verb, , event] = message as [string, string, VerifiedEvent?];
    return verb === "EVENT" ? event?.id : verb;
  });

test("rule 21: what arrives during the scan comes once, after EOSE, even if the store shows it", async () => {
  const [stored, arriving] = [sign(1), sign(0)];
  const store = new PagedStore((i) => (i === 0 ? [stored] : [arriving]), 2);
  const { connect } = createTestRelay({ store });
  const [client, publisher] = [connect(), connect()];
  client.session.send("REQ", "x", { authors: [author.pubkey] });
  store.pages[0]?.open();
  await turns();
  assert.deepEqual(await publisher.session.publish(arriving), STORED);
  store.pages[1]?.open();
  await turns();
  assert.deepEqual(kinds(client.unread), [stored.id, "EOSE", arriving.id]);
});

/** Its events can be read before `insert` resolves, as with a store on another thread. */
class EagerStore extends MemoryStore {
  /** What the next batches wait for, one after the other, before they are reported. */
  readonly gates: Gate[] = [];
  readonly batches: number[] = [];

  override async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    this.batches.push(events.length);
    const outcomes = await super.insert(events);
    await this.gates.shift()?.opened;
    return outcomes;
  }
}

test("rule 21: what the store shows before its commit is reported comes once", async () => {
  const store = new EagerStore();
  const gate = new Gate();
  store.gates.push(gate);
  const { connect } = createTestRelay({ store });
  const [client, publisher] = [connect(), connect()];
  const event = sign(0);
  publisher.session.send("EVENT", event);
  await turns();
  client.session.send("REQ", "x", { authors: [author.pubkey] });
  await turns();
  gate.open();
  await turns();
  assert.deepEqual(kinds(client.unread), [event.id, "EOSE"]);
  assert.deepEqual(kinds(publisher.unread), ["OK"]);
});

test("rule 21: nor twice, if the store has been given the next batch already", async () => {
  const store = new EagerStore();
  const gates = [new Gate(), new Gate()];
  store.gates.push(...gates);
  const { connect } = createTestRelay({ store, crypto: unsigned });
  const [client, publisher] = [connect(), connect()];
  const event = author.sign({ created_at: NOW }, unsigned);
  publisher.session.send("EVENT", event);
  await turns();
  client.session.send("REQ", "x", { authors: [author.pubkey] });
  await turns();
  const others = new Author();
  for (const part of [0, 1]) {
    const { session } = connect();
    for (let i = 0; i < 192; i += 1) {
      session.send("EVENT", others.sign({ created_at: NOW, content: `${part} ${i}` }, unsigned));
    }
  }
  await turns(100);
  assert.deepEqual(store.batches, [1, 384]);
  for (const gate of gates) gate.open();
  await turns();
  assert.deepEqual(kinds(client.unread), [event.id, "EOSE"]);
});

test("rule 20: CLOSE cancels the scan", async () => {
  const store = new PagedStore((i) => [sign(i)], 3);
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("REQ", "x", {});
  store.pages[0]?.open();
  await turns();
  client.session.send("CLOSE", "x");
  store.openAll();
  await turns();
  assert.deepEqual(kinds(client.unread), [sign(0).id]);
  assert.deepEqual([store.pulled, store.running], [2, 0]);
});

test("rule 19: a replaced scan is cancelled, too", async () => {
  const store = new PagedStore((i) => [sign(i)], 3);
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("REQ", "x", { kinds: [1] });
  await turns();
  client.session.send("REQ", "x", { limit: 0 });
  store.openAll();
  await turns();
  assert.deepEqual(kinds(client.unread), ["EOSE"]);
  assert.deepEqual([store.pulled, store.running], [1, 0]);
});

test("the end of the channel cancels the scan", async () => {
  const store = new PagedStore((i) => [sign(i)], 3);
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("REQ", "x", {});
  store.pages[0]?.open();
  await turns();
  client.close();
  store.openAll();
  await turns();
  assert.deepEqual([store.pulled, store.running], [2, 0]);
});

test("limits are clamped before the store is asked; filters for nothing do not reach it", async () => {
  const store = new PagedStore(() => [], 0);
  const { connect } = createTestRelay({ store });
  const { session } = connect();
  await session.request("a", {}, { limit: 3 }, { limit: 1e9 }, { limit: 0 });
  await session.request("b", { limit: 0 });
  const { defaultLimit, maxLimit } = CONFORMANCE_LIMITS;
  assert.deepEqual(
    store.asked.map((filters) => filters.map(({ limit }) => limit)),
    [[defaultLimit, 3, maxLimit]],
  );
});

test("rule 39: the scan waits while the client does not read", async () => {
  const store = new PagedStore((i) => [sign(10 * i, 50_000), sign(10 * i + 1, 50_000)], 10);
  store.openAll();
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.far.stall();
  client.session.send("REQ", "x", { limit: 20 });
  await turns();
  assert.equal(store.pulled, 3); // 262,144 bytes are full in the sixth event
  client.far.flow();
  client.far.stall();
  await turns();
  assert.equal(store.pulled, 6);
  for (let i = 0; i < 3; i += 1) {
    client.far.flow();
    await turns();
  }
  assert.equal(client.unread.length, 21);
  assert.equal(kinds(client.unread).at(-1), "EOSE");
});

test("rule 39: several scans of one client share its room, and single large events fit", async () => {
  const store = new PagedStore((i) => [sign(i, 90_000)], 4);
  store.openAll();
  const limits = { ...CONFORMANCE_LIMITS, maxBufferedBytes: 100_000, maxContentLength: 100_000 };
  const { connect } = createTestRelay({ store, limits });
  const client = connect();
  client.far.stall();
  for (const id of ["a", "b", "c"]) client.session.send("REQ", id, {});
  for (let i = 0; i < 20; i += 1) {
    await turns();
    assert(client.far.bufferedAmount < 200_000);
    client.far.flow();
    client.far.stall();
  }
  assert.equal(endOf(client), undefined);
  assert.equal(client.unread.length, 3 * 5);
});

test("a client that does not read its live events is closed as too slow, and logged", async () => {
  const limits = { ...CONFORMANCE_LIMITS, maxBufferedBytes: 20_000 };
  const { connect, logged } = createTestRelay({ limits });
  const [client, publisher] = [connect(), connect()];
  await client.session.request("x", { authors: [author.pubkey] });
  client.far.stall();
  for (let i = 0; i < 6; i += 1) await publisher.session.publish(sign(i, 6_000));
  assert.equal(endOf(client), 4005);
  assert.deepEqual(
    logged.map(([level, event]) => [level, event]),
    [["warn", "client too slow"]],
  );
  assert.deepEqual(await publisher.session.publish(sign(7)), STORED);
});

test("live events that wait for a scan count as queued", async () => {
  const store = new PagedStore(() => [], 1);
  const limits = { ...CONFORMANCE_LIMITS, maxBufferedBytes: 20_000 };
  const { connect } = createTestRelay({ store, limits });
  const [client, publisher] = [connect(), connect()];
  client.session.send("REQ", "x", { authors: [author.pubkey] });
  for (let i = 0; i < 3; i += 1) await publisher.session.publish(sign(i, 6_000));
  assert.equal(endOf(client), undefined);
  await publisher.session.publish(sign(4, 6_000));
  assert.equal(endOf(client), 4005);
});

test("held events that were sent or given up no longer count", async () => {
  const store = new PagedStore(() => [], 1);
  const limits = { ...CONFORMANCE_LIMITS, maxBufferedBytes: 20_000 };
  const { connect } = createTestRelay({ store, limits });
  const [client, publisher] = [connect(), connect()];
  for (let i = 0; i < 8; i += 2) {
    client.session.send("REQ", "x", { authors: [author.pubkey] });
    await publisher.session.publish(sign(i, 6_000));
    await publisher.session.publish(sign(i + 1, 6_000));
  }
  assert.equal(endOf(client), undefined);
  store.openAll();
  await turns();
  assert.deepEqual(kinds(client.unread), ["EOSE", sign(6, 6_000).id, sign(7, 6_000).id]);
});

test("a failing store ends the query with CLOSED, and says nothing about why", async () => {
  for (const pages of [0, 1]) {
    const store = new PagedStore((i) => [sign(i)], pages + 1);
    store.openAll();
    const query = store.query.bind(store);
    store.query = async function* (filters) {
      let count = 0;
      for await (const page of query(filters)) {
        if (count === pages) throw new Error("secret path");
        count += 1;
        yield page;
      }
    };
    const { connect, logged } = createTestRelay({ store });
    const [client, publisher] = [connect(), connect()];
    client.session.send("REQ", "x", {});
    await turns();
    const expected = ["CLOSED", "x", "error: the store could not answer"];
    assert.deepEqual(client.unread.at(-1), expected);
    assert.equal(client.unread.length, pages + 1);
    assert.equal(logged.length, 1);
    client.unread.length = 0;
    await publisher.session.publish(sign(5));
    assert.deepEqual(client.unread, []);
  }
});

test("failed queries make room for others", async () => {
  const store = new PagedStore(() => [], 0);
  const query = store.query.bind(store);
  const failing: typeof store.query = () => {
    throw new Error("secret");
  };
  const { connect } = createTestRelay({ store });
  const { session } = connect();
  store.query = failing;
  for (let i = 0; i < CONFORMANCE_LIMITS.maxSubscriptions; i += 1) {
    assert.match(await session.refused(`${i}`, {}), /^error: ./);
  }
  store.query = query;
  assert.deepEqual(await session.request("one more", {}), []);
});

test("one client has a few scans at a time; the others wait in order, or are closed", async () => {
  const store = new PagedStore(() => [], 1);
  const { connect } = createTestRelay({ store });
  const client = connect();
  for (let i = 0; i < 8; i += 1) client.session.send("REQ", `${i}`, {});
  await turns();
  assert.equal(store.running, 4);
  client.session.send("CLOSE", "6");
  store.openAll();
  await turns();
  assert.deepEqual([store.most, store.asked.length], [4, 7]);
  assert.deepEqual(
    client.unread.map((message) => (message as [string, string])[1]),
    ["0", "1", "2", "3", "4", "5", "7"],
  );
});

test("a long scan leaves the event loop free", async () => {
  const store = new PagedStore(() => signMany(2_000), 1);
  store.openAll();
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("REQ", "x", {});
  let most = 0;
  for (let before = 0; kinds(client.unread).at(-1) !== "EOSE"; before = client.unread.length) {
    await turns(1);
    most = Math.max(most, client.unread.length - before);
  }
  assert(most <= 513, `${most} in one turn`);
});

test("rule 38: EOSE has two elements where its hints are switched off", async () => {
  const { session } = createTestRelay({ eoseHints: false }).connect();
  await session.publishAll([sign(0), sign(1)]);
  assert.deepEqual(await session.hinted({ authors: [author.pubkey] }), [2, undefined]);
  assert.deepEqual(await session.hinted({ authors: [author.pubkey], limit: 1 }), [1, undefined]);
});

test("an event that was stored already, met by a scan, is live when it is published anew", async () => {
  const event = sign(0);
  let gate: Gate | undefined;
  class SlowStore extends MemoryStore {
    override async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
      const outcomes = await super.insert(events);
      await gate?.opened;
      return outcomes;
    }
  }
  const store = new SlowStore();
  await store.insert([event]);
  const { connect } = createTestRelay({ store });
  const [publisher, listener] = [connect(), connect()];
  gate = new Gate();
  const first = publisher.session.publish(event);
  await turns();
  listener.session.send("REQ", "s", { kinds: [1] });
  await turns();
  gate.open();
  assert.match((await first).reason, /^duplicate: ./);
  await store.remove([event.id]);
  await publisher.session.publishAll([event]);
  await turns();
  assert.deepEqual(kinds(listener.unread), [event.id, "EOSE", event.id]);
});
