/** NIP-77 as a client sees it, over channel pairs. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { EventStore } from "../../src/store.ts";
import { TestClock } from "../channel/clock.ts";
import { madeUp } from "../nostr/arbitrary.ts";
import { record, sortedIds } from "../nostr/reconcile.ts";
import { reconcileWith } from "./conformance/negentropy.ts";
import { Author, CONFORMANCE_LIMITS, NOW, type Session } from "./conformance/session.ts";
import { createTestRelay, Gate, turns } from "./setup.ts";

/** The first message of somebody who has nothing. */
const NOTHING = "6100000200";
const MINUTE = 60_000;

/** Made-up events, one a second, the newest 100 seconds before now. */
const events = Array.from({ length: 60 }, (_, n) =>
  madeUp({ created_at: NOW - 100 - n, kind: n % 2 === 0 ? 1 : 7 }),
);

async function relayWith(stored = events, parts: Parameters<typeof createTestRelay>[0] = {}) {
  const store: EventStore = parts.store ?? (await openSqliteStore(":memory:"));
  await store.insert(stored);
  return createTestRelay({ ...parts, store });
}

async function refused(session: Session, ...message: readonly unknown[]) {
  session.send(...message);
  const [verb, id, ...rest] = await session.next();
  assert.deepEqual([verb, id], ["NEG-ERR", message[1]]);
  return rest;
}

describe("reconciling", () => {
  test("finds what either side lacks, also through a policy that takes its time", async () => {
    const policy = { read: async () => ({ accepted: true }) as const };
    for (const parts of [{}, { policy }]) {
      const { session } = (await relayWith(events, parts)).connect();
      const strange = [record(1), record(2)];
      const { have, need } = await reconcileWith(session, {}, [...events.slice(10), ...strange]);
      assert.deepEqual(have, sortedIds(strange));
      assert.deepEqual(need, sortedIds(events.slice(0, 10)));
    }
  });

  test("rule 37: since and until are inclusive, and every other condition holds", async () => {
    const { session } = (await relayWith()).connect();
    const [newest, oldest] = [events[5], events[20]];
    assert(newest && oldest);
    const range = { since: oldest.created_at, until: newest.created_at };
    const expected = events.slice(5, 21);
    assert.deepEqual((await reconcileWith(session, range)).need, sortedIds(expected));
    const reactions = expected.filter(({ kind }) => kind === 7);
    assert.deepEqual(
      (await reconcileWith(session, { ...range, kinds: [7] })).need,
      sortedIds(reactions),
    );
    const one = { since: newest.created_at, until: newest.created_at };
    assert.deepEqual((await reconcileWith(session, one)).need, [newest.id]);
  });

  test("a limit means the newest; it is not clamped to what a REQ may get", async () => {
    const { session } = (await relayWith()).connect();
    assert(events.length > CONFORMANCE_LIMITS.maxLimit);
    assert.equal((await reconcileWith(session, {})).need.length, events.length);
    assert.deepEqual(
      (await reconcileWith(session, { limit: 3 })).need,
      sortedIds(events.slice(0, 3)),
    );
    assert.deepEqual((await reconcileWith(session, { limit: 0 })).need, []);
  });

  test("31, 32: what the client may not see is not there", async () => {
    const reader = new Author();
    const expired = madeUp({ tags: [["expiration", `${NOW}`]] });
    const fading = madeUp({ tags: [["expiration", `${NOW + 1}`]] });
    const wrap = madeUp({ kind: 1059, tags: [["p", reader.pubkey]] });
    const relay = await relayWith([expired, fading, wrap]);
    const stranger = relay.connect().session;
    assert.deepEqual((await reconcileWith(stranger, {})).need, [fading.id]);
    assert.deepEqual((await reconcileWith(stranger, { ids: [wrap.id, expired.id] })).need, []);
    const other = relay.connect({ pubkeys: [new Author().pubkey] }).session;
    assert.deepEqual((await reconcileWith(other, { kinds: [1059] })).need, []);
    const recipient = relay.connect({ pubkeys: [reader.pubkey] }).session;
    assert.deepEqual((await reconcileWith(recipient, {})).need, sortedIds([fading, wrap]));
  });

  test("an id is not that of a REQ, and a second NEG-OPEN takes it over", async () => {
    const { session } = (await relayWith()).connect();
    session.send("NEG-OPEN", "x", { limit: 1 }, NOTHING);
    session.send("NEG-OPEN", "x", { limit: 0 }, NOTHING);
    assert.deepEqual(await session.next(), ["NEG-MSG", "x", NOTHING]);
    assert.deepEqual(await session.request("x", { limit: 0 }), []);
    session.send("CLOSE", "x");
    session.send("NEG-MSG", "x", NOTHING);
    assert.deepEqual(await session.next(), ["NEG-MSG", "x", NOTHING]);
  });

  test("another version of the protocol is told ours", async () => {
    const { session } = (await relayWith()).connect();
    session.send("NEG-OPEN", "x", {}, "62");
    assert.deepEqual(await session.next(), ["NEG-MSG", "x", "61"]);
  });
});

describe("NEG-ERR", () => {
  test("blocked: more events than may be reconciled, and how many those are", async () => {
    const limits = { ...CONFORMANCE_LIMITS, maxNegentropyEvents: 40 };
    const relay = await relayWith(events, { limits });
    const { session } = relay.connect();
    const tooBig = ["blocked: this query is too big", 40];
    assert.deepEqual(await refused(session, "NEG-OPEN", "x", {}, NOTHING), tooBig);
    // What it had taken is free again, and what is open counts.
    session.send("NEG-OPEN", "a", { limit: 40 }, NOTHING);
    assert.equal((await session.next())[0], "NEG-MSG");
    assert.deepEqual(await refused(session, "NEG-OPEN", "b", { limit: 1 }, NOTHING), tooBig);
    session.send("NEG-CLOSE", "a");
    session.send("NEG-OPEN", "b", { limit: 1 }, NOTHING);
    assert.equal((await session.next())[0], "NEG-MSG");
  });

  test("unsupported: reconciliation is switched off, whatever is asked", async () => {
    const limits = { ...CONFORMANCE_LIMITS, maxNegentropyEvents: 0 };
    const { session } = (await relayWith(events, { limits })).connect();
    for (const filter of [{}, { ids: [] }, { limit: 0 }]) {
      const [reason] = await refused(session, "NEG-OPEN", "x", filter, NOTHING);
      assert.equal(reason, "unsupported: this relay does not reconcile");
    }
  });

  test("rate-limited: all connections together hold too much, until one ends", async () => {
    const limits = { ...CONFORMANCE_LIMITS, maxNegentropyEvents: 60 };
    const relay = await relayWith(events, { limits });
    const holders = Array.from({ length: 4 }, () => relay.connect());
    for (const { session } of holders) {
      session.send("NEG-OPEN", "x", {}, NOTHING);
      assert.equal((await session.next())[0], "NEG-MSG");
    }
    const { session } = relay.connect();
    const [reason] = await refused(session, "NEG-OPEN", "x", {}, NOTHING);
    assert.match(String(reason), /^rate-limited: others/);
    holders[0]?.close();
    await turns();
    assert.equal((await reconcileWith(session, {})).need.length, events.length);
  });

  test("rate-limited: too many at once", async () => {
    const { session } = (await relayWith()).connect();
    for (let n = 0; n < 16; n += 1) {
      session.send("NEG-OPEN", `${n}`, { limit: 1 }, NOTHING);
      assert.equal((await session.next())[0], "NEG-MSG");
    }
    const [reason] = await refused(session, "NEG-OPEN", "x", {}, NOTHING);
    assert.equal(reason, "rate-limited: at most 16 NEG-OPENs at once");
    await refused(session, "NEG-MSG", "3", "00");
    assert.equal((await reconcileWith(session, { limit: 2 })).need.length, 2);
  });

  test("closed: who is idle for two minutes, or never opened", async () => {
    const clock = new TestClock(NOW);
    const { session } = (await relayWith(events, { clock })).connect();
    const others = clock.pending; // the relay's own
    session.send("NEG-OPEN", "x", {}, NOTHING);
    await session.next();
    clock.advance(2 * MINUTE - 1);
    session.send("NEG-MSG", "x", NOTHING);
    assert.equal((await session.next())[0], "NEG-MSG");
    clock.advance(2 * MINUTE - 1);
    await turns();
    assert.equal(clock.pending, others + 1);
    clock.advance(1);
    const expected = ["NEG-ERR", "x", "closed: you took too long to respond"];
    assert.deepEqual(await session.next(), expected);
    for (const id of ["x", "never"]) {
      const answer = await refused(session, "NEG-MSG", id, NOTHING);
      assert.deepEqual(answer, ["closed: no NEG-OPEN has this id"]);
    }
    session.send("NEG-CLOSE", "never");
    assert.deepEqual(await session.settle(), []);
    await turns();
    assert.equal(clock.pending, others);
  });

  test("auth-required and restricted: the gates are those of a REQ", async () => {
    const open = ["NEG-OPEN", "x", {}, NOTHING];
    const closedRelay = await relayWith(events, { auth: "required" });
    const [stranger] = await refused(closedRelay.connect().session, ...open);
    assert.match(String(stranger), /^auth-required: /);
    const openRelay = (await relayWith()).connect().session;
    const [guarded] = await refused(openRelay, "NEG-OPEN", "x", { kinds: [1059] }, NOTHING);
    assert.match(String(guarded), /^auth-required: gift wraps/);
    const asked: unknown[] = [];
    const policy = {
      read(filters: unknown) {
        asked.push(filters);
        return { accepted: false, prefix: "restricted", reason: "no" } as const;
      },
    };
    const picky = (await relayWith(events, { policy })).connect().session;
    assert.deepEqual(await refused(picky, ...open), ["restricted: no"]);
    assert.deepEqual(asked, [[{ tags: new Map() }]]);
  });

  test("invalid: what is no hex, no filter or no negentropy; and that ends it", async () => {
    const { session } = (await relayWith()).connect();
    const cases: readonly (readonly unknown[])[] = [
      [{}, "6"],
      [{}, "zz"],
      [{}, ""],
      [{}, 61],
      [{}],
      [{}, "6100000300"],
      [{}, "61".repeat(65_537)],
      [{ kinds: "1" }, NOTHING],
      [null, NOTHING],
      [[{}], NOTHING],
    ];
    for (const rest of cases) {
      const [reason] = await refused(session, "NEG-OPEN", "x", ...rest);
      assert.match(String(reason), /^invalid: /, JSON.stringify(rest));
    }
    const [unknown] = await refused(session, "NEG-OPEN", "x", { strange: 1 }, NOTHING);
    assert.match(String(unknown), /^unsupported: /);
    session.send("NEG-OPEN", "x", {}, NOTHING);
    await session.next();
    await refused(session, "NEG-MSG", "x", "6100");
    assert.deepEqual(await refused(session, "NEG-MSG", "x", NOTHING), [
      "closed: no NEG-OPEN has this id",
    ]);
  });

  test("invalid: an id that is too long; a NOTICE where it cannot be repeated", async () => {
    const { session } = (await relayWith()).connect();
    for (const id of ["", "x".repeat(65)]) {
      await refused(session, "NEG-OPEN", id, {}, NOTHING);
      await refused(session, "NEG-MSG", id, NOTHING);
    }
    for (const id of [1, null, "x".repeat(257), "\ud800"]) {
      for (const verb of ["NEG-OPEN", "NEG-MSG"]) {
        session.send(verb, id, {}, NOTHING);
        assert.equal((await session.next())[0], "NOTICE");
      }
    }
  });

  test("error: a store that fails, and the next one is served", async () => {
    const store = await openSqliteStore(":memory:");
    await store.insert(events);
    const broken = {
      isBroken: true,
      insert: store.insert.bind(store),
      query: store.query.bind(store),
      count: store.count.bind(store),
      authors: store.authors.bind(store),
      sweep: store.sweep.bind(store),
      remove: store.remove.bind(store),
      export: store.export.bind(store),
      close: store.close.bind(store),
      locate(...asked: Parameters<EventStore["locate"]>) {
        if (this.isBroken) throw new Error("disk on fire");
        return store.locate(...asked);
      },
    };
    const relay = createTestRelay({ store: broken });
    const { session } = relay.connect();
    const answer = await refused(session, "NEG-OPEN", "x", {}, NOTHING);
    assert.deepEqual(answer, ["error: the store could not answer"]);
    assert.equal(relay.logged[0]?.[1], "reconciliation failed");
    broken.isBroken = false;
    assert.equal((await reconcileWith(session, {})).need.length, events.length);
  });
});

describe("while the store is read", () => {
  function slowStore(store: EventStore, gate: Gate): EventStore {
    return {
      insert: store.insert.bind(store),
      query: store.query.bind(store),
      count: store.count.bind(store),
      authors: store.authors.bind(store),
      sweep: store.sweep.bind(store),
      remove: store.remove.bind(store),
      export: store.export.bind(store),
      close: store.close.bind(store),
      async *locate(...asked: Parameters<EventStore["locate"]>) {
        await gate.opened;
        yield* store.locate(...asked);
      },
    };
  }

  async function slowRelay() {
    const store = await openSqliteStore(":memory:");
    await store.insert(events);
    const gate = new Gate();
    return { gate, relay: createTestRelay({ store: slowStore(store, gate) }) };
  }

  test("a NEG-MSG that did not wait ends it; a NEG-CLOSE ends it without a word", async () => {
    const { gate, relay } = await slowRelay();
    const { session } = relay.connect();
    session.send("NEG-OPEN", "hasty", {}, NOTHING);
    session.send("NEG-OPEN", "closed", {}, NOTHING);
    const [reason] = await refused(session, "NEG-MSG", "hasty", NOTHING);
    assert.equal(reason, "invalid: the first answer was not waited for");
    session.send("NEG-CLOSE", "closed");
    gate.open();
    await turns();
    assert.deepEqual(await session.settle(), []);
  });

  test("other messages are answered meanwhile", async () => {
    const { gate, relay } = await slowRelay();
    const { session } = relay.connect();
    session.send("NEG-OPEN", "x", { limit: 0 }, NOTHING);
    assert.equal((await session.stored({ limit: 2 })).length, 2);
    gate.open();
    assert.deepEqual(await session.next(), ["NEG-MSG", "x", NOTHING]);
  });

  test("the relay closes only behind it", async () => {
    const { gate, relay } = await slowRelay();
    const client = relay.connect();
    client.session.send("NEG-OPEN", "x", {}, NOTHING);
    await turns();
    let isClosed = false;
    const closing = relay.relay.close().then(() => {
      isClosed = true;
    });
    await turns();
    assert.equal(isClosed, false);
    gate.open();
    await closing;
    assert.deepEqual(client.unread, []);
  });
});

test("nothing that is sent ends the connection or stays without an answer", async () => {
  const { session } = (await relayWith(events.slice(0, 40))).connect();
  const hex = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("hex"));
  const message = fc.oneof(
    hex.map((rest) => `61${rest}`),
    fc.constantFrom(NOTHING, "", "61", "62"),
    fc.string(),
    fc.jsonValue(),
  );
  const id = fc.constantFrom("a", "b", "c");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("NEG-OPEN", "NEG-MSG"),
      id,
      message,
      async (verb, name, text) => {
        session.send(verb, name, ...(verb === "NEG-OPEN" ? [{}] : []), text);
        const [answer, answered] = await session.next();
        assert.ok(answer === "NEG-MSG" || answer === "NEG-ERR", String(answer));
        assert.equal(answered, name);
      },
    ),
    { numRuns: process.env["SLOW"] ? 5000 : 300 },
  );
});
