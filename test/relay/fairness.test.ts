/** Clients that take much, beside others that take little: who asks too much is told so. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ratePolicy } from "../../src/policy/rate.ts";
import type { Policy } from "../../src/policy.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { Author, CONFORMANCE_LIMITS, crypto, NOW, STORED } from "./conformance/session.ts";
import { createTestRelay, fixedClock, type PairClient, turns, unsigned } from "./setup.ts";

/** The first message of a NEG-OPEN by somebody who has nothing. */
const NOTHING = "6100000200";
const author = new Author();
const FREE = { events: 0, requests: 0, characters: 0 };
const policyWith = (rate: Partial<typeof FREE>): Policy =>
  ratePolicy(
    { perAddress: { ...FREE, ...rate }, perNpub: FREE },
    { clock: fixedClock, networkOf: (address) => address },
  );
const verbs = ({ unread }: PairClient) => unread.map((message) => (message as [string])[0]);

test("a scraper with many connections delays another client's small request by a slice at most", async () => {
  const store = await openSqliteStore(":memory:");
  await store.insert(
    Array.from({ length: 5_000 }, (_, i) => author.sign({ content: `${i}` }, unsigned)),
  );
  const limits = {
    ...CONFORMANCE_LIMITS,
    maxSubscriptions: 300,
    maxLimit: 5_000,
    maxBufferedBytes: 2 ** 30,
  };
  const { connect } = createTestRelay({ store, limits });
  const scrapers = Array.from({ length: 30 }, () => connect({ address: "192.0.2.66" }));
  for (const { session } of scrapers) {
    for (let i = 0; i < 100; i += 1) session.send("REQ", `${i}`, { limit: 5_000 });
  }
  const sent = () => scrapers.reduce((sum, { unread }) => sum + unread.length, 0);
  await turns(3);
  for (let asked = 0; asked < 5; asked += 1) {
    const small = connect({ address: "192.0.2.77" });
    const before = sent();
    small.session.send("REQ", "x", { ids: ["ab".repeat(32)] });
    let waited = 0;
    while (small.unread.length === 0 && waited < 20) {
      await turns(1);
      waited += 1;
    }
    const meanwhile = sent() - before;
    assert.deepEqual(small.unread, [["EOSE", "x", ["finish"]]]);
    assert(waited <= 2, `${waited} turns`);
    assert(meanwhile > 0 && meanwhile <= 2 * 2_048, `${meanwhile} events for scrapers meanwhile`);
    small.close();
    await turns(3);
  }
  for (const scraper of scrapers) scraper.close();
  await turns();
  await store.close();
});

test("a query that finds nothing can be stopped, and is killed before it costs too much", async () => {
  const search = new Fruitless();
  const store = Object.assign(new MemoryStore(), { query: () => search.pages() });
  const { connect } = createTestRelay({ store });
  const { session } = connect();
  session.send("REQ", "x", {});
  await turns();
  session.send("CLOSE", "x");
  await turns();
  assert.equal(search.open, 0);
  search.read = 0;
  assert.match(await session.refused("x", {}), /^error: ./);
  await turns();
  assert.deepEqual([search.open, search.read], [0, 10_001]);
});

test("so is a count", async () => {
  const search = new Fruitless();
  const store = Object.assign(new MemoryStore(), { authors: () => search.pages() });
  const { session } = createTestRelay({ store }).connect();
  session.send("COUNT", "x", {});
  assert.match(String(await session.next()), /^CLOSED,x,error: this query looks at too many/);
  await turns();
  assert.deepEqual([search.open, search.read], [0, 10_001]);
});

test("a reconciliation that looks at too much without a match is given up", async () => {
  const store = new MemoryStore();
  let read = 0;
  let open = 0;
  store.locate = async function* () {
    open += 1;
    try {
      for (; ; read += 1) yield [];
    } finally {
      open -= 1;
    }
  };
  const { session } = createTestRelay({ store }).connect();
  session.send("NEG-OPEN", "x", {}, NOTHING);
  const [verb, , reason] = await session.next();
  assert.equal(verb, "NEG-ERR");
  assert.match(String(reason), /^error: this query looks at too many events/);
  await turns();
  assert.equal(open, 0);
  assert.ok(read <= 10_001);
});

test("the values of all filters of a REQ are counted together", async () => {
  const { connect } = createTestRelay({ limits: { ...CONFORMANCE_LIMITS, maxFilterValues: 6 } });
  const { session } = connect();
  const [id] = [author.sign().id];
  const most = [
    { ids: [id], authors: [author.pubkey], kinds: [1, 2] },
    { "#t": ["a"], "#p": [author.pubkey] },
  ];
  assert.deepEqual(await session.request("x", ...most), []);
  assert.equal(
    await session.refused("x", ...most, { kinds: [3] }),
    "invalid: the filters of a query may have at most 6 values",
  );
  session.send("NEG-OPEN", "x", { kinds: [1, 2, 3, 4, 5, 6, 7] }, NOTHING);
  assert.deepEqual(await session.next(), [
    "NEG-ERR",
    "x",
    "invalid: the filters of a query may have at most 6 values",
  ]);
});

test("too many events are refused before they are verified", async () => {
  let verified = 0;
  const counting = {
    ...crypto,
    verifySchnorr: (...args: Parameters<typeof crypto.verifySchnorr>) => {
      verified += 1;
      return crypto.verifySchnorr(...args);
    },
  };
  const { connect } = createTestRelay({ policy: policyWith({ events: 2 }), crypto: counting });
  const { session } = connect({ address: "192.0.2.7" });
  await session.publishAll([author.sign(), author.sign({ content: "2" })]);
  const { accepted, reason } = await session.publish(author.sign({ content: "3" }));
  assert.deepEqual([accepted, verified], [false, 2]);
  assert.match(reason, /^rate-limited: ./);
  assert.deepEqual(await session.request("x", { limit: 0 }), []);
  const other = connect({ address: "192.0.2.8" }).session;
  assert.deepEqual(await other.publish(author.sign({ content: "3" })), STORED);
});

test("too many requests are closed, broken ones count, and CLOSE is always heard", async () => {
  const { connect } = createTestRelay({ policy: policyWith({ requests: 2 }) });
  const { session } = connect();
  assert.deepEqual(await session.request("x", { kinds: [1] }), []);
  assert.match(await session.refused("y", { kinds: "1" }), /^invalid: ./);
  assert.match(await session.refused("y", { kinds: "1" }), /^rate-limited: ./);
  assert.match(await session.refused("z", {}), /^rate-limited: ./);
  session.send("CLOSE", "x");
  assert.deepEqual(await session.publish(author.sign()), STORED);
  const event = { id: author.sign().id, kind: "broken" };
  assert.match((await session.publish(event)).reason, /^invalid: ./);
});

test("a COUNT counts as a request", async () => {
  const { connect } = createTestRelay({ policy: policyWith({ requests: 1 }) });
  const { session } = connect();
  assert.deepEqual(await session.count({}), { count: 0 });
  session.send("COUNT", "x", {});
  assert.match(String(await session.next()), /^CLOSED,x,rate-limited: ./);
});

test("the values of & conditions are counted, too", async () => {
  const { connect } = createTestRelay({ limits: { ...CONFORMANCE_LIMITS, maxFilterValues: 2 } });
  const { session } = connect();
  assert.match(await session.refused("x", { "&t": ["a", "b", "c"] }), /^invalid: .* 2 values$/);
});

test("a NEG-OPEN counts as a request, also a broken one; a NEG-MSG does not", async () => {
  const { connect } = createTestRelay({ policy: policyWith({ requests: 3 }) });
  const { session } = connect();
  const expect = async (answer: RegExp, ...message: readonly unknown[]) => {
    session.send(...message);
    const [verb, id, text] = await session.next();
    assert.match(`${verb} ${id} ${text}`, answer);
  };
  await expect(/^NEG-MSG x 61/, "NEG-OPEN", "x", {}, NOTHING);
  await expect(/^NEG-ERR y invalid: ./, "NEG-OPEN", "y", { kinds: "1" }, NOTHING);
  assert.deepEqual(await session.request("x", {}), []);
  await expect(/^NEG-ERR y rate-limited: ./, "NEG-OPEN", "y", {}, NOTHING);
  await expect(/^NEG-ERR y rate-limited: ./, "NEG-OPEN", "y", { kinds: "1" }, NOTHING);
  assert.match(await session.refused("y", {}), /^rate-limited: ./);
  await expect(/^NEG-MSG x 61/, "NEG-MSG", "x", NOTHING);
});

test("too many characters: answers to what has a name, and an end to what has none", async () => {
  const { connect } = createTestRelay({ policy: policyWith({ characters: 1_000 }) });
  const client = connect({ challenge: "riddle" });
  const { session } = client;
  const event = author.sign({ content: "x".repeat(1_000) });
  assert.deepEqual(await session.publish(event), STORED);
  assert.match((await session.publish(event)).reason, /^rate-limited: ./);
  assert.match((await session.publish({ id: event.id })).reason, /^rate-limited: ./);
  assert.match(await session.refused("x", {}), /^rate-limited: ./);
  assert.match(await session.refused("x", { kinds: 1 }), /^rate-limited: ./);
  const auth = author.sign({ kind: 22_242 });
  session.send("AUTH", auth);
  assert.match((await session.ok(auth.id)).reason, /^rate-limited: ./);
  for (const message of [
    ["NEG-OPEN", "n", {}, NOTHING],
    ["NEG-OPEN", "n", { kinds: 1 }, NOTHING],
    ["NEG-MSG", "n", NOTHING],
  ]) {
    session.send(...message);
    const [verb, , reason] = await session.next();
    assert.equal(verb, "NEG-ERR");
    assert.match(String(reason), /^rate-limited: ./);
  }
  session.send("CLOSE", "x");
  session.send("NEG-CLOSE", "n");
  session.sendText("garbage");
  await turns();
  assert.equal(client.far.ended?.code, 4004);
});

test("a client that stops reading frees its scans in time", async () => {
  const due = new Set<() => void>();
  const clock = {
    now: () => NOW,
    after(_: number, run: () => void) {
      due.add(run);
      return () => void due.delete(run);
    },
  };
  let open = 0;
  class CountingStore extends MemoryStore {
    override async *query(): AsyncGenerator<readonly string[], never, undefined> {
      open += 1;
      try {
        for (;;) yield [author.sign({ content: "x".repeat(50_000) }).json];
      } finally {
        open -= 1;
      }
    }
  }
  const { connect, logged } = createTestRelay({ store: new CountingStore(), clock });
  const client = connect();
  client.far.stall();
  for (const id of ["a", "b"]) client.session.send("REQ", id, {});
  await turns();
  // One timer is the client's, the other the sweep's.
  assert.deepEqual([open, due.size], [2, 2]);
  for (const run of due) run();
  await turns();
  assert.deepEqual([open, client.far.ended?.code], [0, 4005]);
  assert.deepEqual(
    logged.map(([, event]) => event),
    ["client too slow"],
  );
  assert.deepEqual(verbs(client), []);
});

/** A search that goes on for ever and finds nothing. */
class Fruitless {
  /** Pages that were asked for, and searches that have not ended. */
  read = 0;
  open = 0;

  async *pages(): AsyncGenerator<readonly never[], never, undefined> {
    this.open += 1;
    try {
      for (;;) {
        this.read += 1;
        yield [];
      }
    } finally {
      this.open -= 1;
    }
  }
}
