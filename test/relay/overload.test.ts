/** More than the relay can do: it says so at once, and those who flood are told before the others. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type VerifiedEvent, verifyEvent } from "../../src/nostr/event.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { Author, STORED } from "./conformance/session.ts";
import { createTestRelay, Gate, type PairClient, turns, unsigned } from "./setup.ts";

const TOO_BUSY = "rate-limited: the relay has too much to do; try again in a moment";
/** The first message of a NEG-OPEN by somebody who has nothing. */
const NOTHING = "6100000200";
/** Pages of one address that the store is asked for at once. */
const PAGES = 25;

const author = new Author();
const sign = (content: string): VerifiedEvent => author.sign({ content }, unsigned);

test("an event too many is refused before it costs a verification, and taken later", async () => {
  const { gate, verified, connect } = slowVerifier({ maxEvents: 3 });
  const flood = connect({ address: "192.0.2.66" });
  const events = ["1", "2", "3", "4"].map(sign);
  for (const event of events) flood.session.send("EVENT", event);
  await turns();
  assert.deepEqual([verified.length, flood.unread], [3, []], "OKs come in the order of the events");
  gate.open();
  const answers = [];
  for (const { id } of events) answers.push(await flood.session.ok(id));
  assert.deepEqual(answers, [STORED, STORED, STORED, { accepted: false, reason: TOO_BUSY }]);
  assert.deepEqual(await flood.session.publish(sign("4")), STORED);
});

test("an address that floods with events leaves room for others, and for its own other clients", async () => {
  const { gate, connect } = slowVerifier({ maxEvents: 4 });
  const flood = connect({ address: "192.0.2.66" }).session;
  const events = Array.from({ length: 40 }, (_, i) => sign(`flood ${i}`));
  for (const event of events) flood.send("EVENT", event);
  const [own, other] = ["192.0.2.66", "192.0.2.77"].map((address) => connect({ address }).session);
  assert(own && other);
  const stored = [own.publish(sign("own")), other.publish(sign("other"))];
  gate.open();
  assert.deepEqual(await Promise.all(stored), [STORED, STORED]);
  let taken = 0;
  for (const { id } of events) taken += Number((await flood.ok(id)).accepted);
  assert.equal(taken, 4);
});

test("a long event counts as several", async () => {
  const { gate, verified, connect } = slowVerifier({ maxEvents: 4 });
  const { session } = connect();
  const events = ["x".repeat(16_384), "short"].map(sign);
  for (const event of events) session.send("EVENT", event);
  await turns();
  assert.equal(verified.length, 1);
  gate.open();
  for (const event of events) await session.ok(event.id);
});

test("clients of one IPv6 network are one address", async () => {
  const networkOf = (address: string): string => address.split("::")[0] ?? address;
  const { gate, connect } = slowVerifier({ maxEvents: 2, networkOf });
  const [a, b, c] = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map((address) =>
    connect({ address }),
  );
  assert(a && b && c);
  a.session.send("EVENT", sign("a"));
  b.session.send("EVENT", sign("b"));
  assert.equal((await c.session.publish(sign("c"))).reason, TOO_BUSY);
  gate.open();
});

test("a request too many is closed before it costs a scan; others are served, and all later", async () => {
  const store = new SlowStore();
  const { connect } = createTestRelay({
    store,
    backlog: { maxEvents: 100, maxRequests: 4 },
  });
  const [flood, quiet, other] = ["66", "66", "77"].map((last) =>
    connect({ address: `192.0.2.${last}` }),
  );
  assert(flood && quiet && other);
  // The first clients' requests are what the store works on; the flood's have to wait.
  const first = Array.from({ length: PAGES }, () => connect({ address: "192.0.2.66" }));
  for (const client of first) {
    ask(client, 1);
    await turns(1);
  }
  ask(flood, 6);
  await turns();
  assert.equal(store.asked, PAGES);
  assert.deepEqual(flood.unread.splice(0), [
    ["CLOSED", "4", TOO_BUSY],
    ["CLOSED", "5", TOO_BUSY],
  ]);
  flood.session.send("COUNT", "count", {});
  flood.session.send("NEG-OPEN", "sync", {}, NOTHING);
  await turns();
  assert.deepEqual(flood.unread.splice(0), [
    ["CLOSED", "count", TOO_BUSY],
    ["NEG-ERR", "sync", TOO_BUSY],
  ]);
  ask(quiet, 1);
  ask(other, 6);
  await turns();
  assert.equal(store.asked, PAGES + 2, "another address has its turns, for two of its scans");
  store.gate.open();
  await turns();
  assert.deepEqual(
    [...first, flood, quiet, other].map(({ unread }) => unread.length),
    [...first.map(() => 1), 4, 1, 6],
  );
  flood.unread.splice(0);
  ask(flood, 6);
  await turns();
  assert.equal(flood.unread.filter((message) => (message as string[])[0] === "EOSE").length, 6);
});

test("while no request waits for the relay none is refused, however many one client has", async () => {
  const { connect } = createTestRelay({ backlog: { maxEvents: 1, maxRequests: 1 } });
  const client = connect();
  ask(client, 8);
  await turns();
  assert.deepEqual(
    client.unread,
    Array.from({ length: 8 }, (_, i) => ["EOSE", `${i}`, ["finish"]]),
  );
});

test("a client that does not read keeps nobody else out", async () => {
  const store = new SlowStore();
  await store.insert(Array.from({ length: 9 }, (_, i) => sign(`${i}${"x".repeat(60_000)}`)));
  store.gate.open();
  const { connect } = createTestRelay({ store, backlog: { maxEvents: 1, maxRequests: 1 } });
  const [slow, other] = [connect(), connect()];
  slow.far.stall();
  ask(slow, 8);
  await turns();
  assert.equal((await other.session.request("x", { limit: 1 })).length, 1);
  slow.far.flow();
});

/** Asks so many questions that no event answers, in one go. */
function ask({ session }: PairClient, count: number): void {
  for (let i = 0; i < count; i += 1) session.send("REQ", `${i}`, {});
}

/** A relay whose checks of signatures wait for the gate. */
function slowVerifier({
  maxEvents,
  ...parts
}: {
  readonly maxEvents: number;
  readonly networkOf?: (address: string) => string;
}) {
  const gate = new Gate();
  const verified: string[] = [];
  const { connect } = createTestRelay({
    ...parts,
    backlog: { maxEvents, maxRequests: 100 },
    verify: async (event) => {
      verified.push(event.id);
      await gate.opened;
      return verifyEvent(event, unsigned);
    },
  });
  return { gate, verified, connect };
}

/** Answers nothing before its gate opens, as if it worked in a thread. */
class SlowStore extends MemoryStore {
  readonly gate = new Gate();
  /** Queries that were begun. */
  asked = 0;

  override async *query(
    ...question: Parameters<MemoryStore["query"]>
  ): ReturnType<MemoryStore["query"]> {
    this.asked += 1;
    await this.gate.opened;
    return yield* super.query(...question);
  }
}
