/** The life of a subscription: rules 18–23. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import {
  Author,
  CONFORMANCE_LIMITS,
  type Connect,
  NOW,
  withSession,
  withSessions,
} from "./session.ts";

export function subscriptionRules(connect: Connect): void {
  test("rule 18: a REQ that is refused is answered by CLOSED", () =>
    withSession(connect, async (session) => {
      const { maxFilters, maxSubscriptions } = CONFORMANCE_LIMITS;
      assert.match(await session.refused("no filter"), /^invalid: ./);
      const tooMany = Array.from({ length: maxFilters + 1 }, () => ({ limit: 0 }));
      assert.match(await session.refused("filters", ...tooMany), /^invalid: ./);
      for (let i = 0; i < maxSubscriptions; i += 1) await session.request(`${i}`, { limit: 0 });
      assert.match(await session.refused("one more", { limit: 0 }), /^rate-limited: ./);
      await session.request("0", { limit: 0 }); // replaces, so there is room
      session.send("CLOSE", "1");
      await session.request("one more", { limit: 0 });
    }));

  test("rule 18: CLOSE has no answer", () =>
    withSession(connect, async (session) => {
      await session.request("rule 18", { limit: 0 });
      for (const id of ["rule 18", "rule 18", "never opened", "", "x".repeat(1_000)]) {
        session.send("CLOSE", id);
      }
      assert.deepEqual(await session.settle(), []);
    }));

  test("rule 18: a refused REQ ends the subscription that had its id", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      await listener.request("rule 18", { authors: [author.pubkey] });
      await listener.refused("rule 18", { kinds: ["?"] });
      await session.publishAll([author.sign()]);
      assert.deepEqual(await listener.live(), []);
    }));

  test("rule 19: a REQ with a live id replaces it", () =>
    withSessions(connect, async (session, listener) => {
      const [before, after] = [new Author(), new Author()];
      await listener.request("rule 19", { authors: [before.pubkey] });
      await listener.request("rule 19", { authors: [after.pubkey] });
      const wanted = after.sign();
      await session.publishAll([before.sign(), wanted]);
      assert.deepEqual(await listener.live(), [wanted.id]);
    }));

  test("rule 19: a replaced query sends neither stale events nor its EOSE", () =>
    withSession(connect, async (session) => {
      const [before, after] = [new Author(), new Author()];
      const wanted = after.sign();
      await session.publishAll([before.sign(), wanted]);
      for (let i = 0; i < 20; i += 1) session.send("REQ", "rule 19", { authors: [before.pubkey] });
      session.send("REQ", "rule 19", { authors: [after.pubkey] });
      await session.found("rule 19", wanted.id);
      await session.settle(); // what the earlier ones sent while they were live
      assert.deepEqual(await session.settle(), []);
    }));

  test("rule 20: after CLOSE nothing comes any more", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      await session.publishAll([author.sign({ created_at: NOW - 1 })]);
      await listener.request("rule 20", { authors: [author.pubkey] });
      listener.send("CLOSE", "rule 20");
      assert.deepEqual(await listener.settle(), []);
      await session.publishAll([author.sign()]);
      assert.deepEqual(await listener.live(), []);
    }));

  test("rule 21: stored events, one EOSE, then live events, each exactly once", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const event = (i: number) => author.sign({ created_at: NOW - 100 + i, content: `${i}` });
      const events = Array.from({ length: 16 }, (_, i) => event(i));
      await session.publishAll(events.slice(0, 4));
      const filter = { authors: [author.pubkey], limit: CONFORMANCE_LIMITS.maxLimit };
      for (const later of events.slice(4, 10)) session.send("EVENT", later);
      listener.send("REQ", "rule 21", filter);
      for (const later of events.slice(10)) session.send("EVENT", later);
      for (const later of events.slice(4)) await session.ok(later.id);
      const messages = await listener.settle();
      const ids = messages
        .filter(([verb]) => verb === "EVENT")
        .map(([, , found]) => (found as NostrEvent).id);
      assert.deepEqual(ids.sort(), events.map(({ id }) => id).sort());
      const eose = messages.map(([verb]) => verb).filter((verb) => verb === "EOSE");
      assert.equal(eose.length, 1);
    }));

  test("rule 22: live events meet every condition of the filter", () =>
    withSessions(connect, async (session, listener) => {
      const [author, stranger] = [new Author(), new Author()];
      const topic = `topic of ${author.pubkey}`;
      const template = { kind: 7, tags: [["t", topic]], created_at: NOW - 5 };
      await listener.request("rule 22", {
        authors: [author.pubkey],
        kinds: [7],
        "#t": [topic],
        since: NOW - 10,
        until: NOW,
      });
      const wanted = author.sign(template);
      await session.publishAll([
        author.sign({ ...template, tags: [["t", "other"]] }),
        author.sign({ ...template, tags: [] }),
        author.sign({ ...template, kind: 8 }),
        author.sign({ ...template, created_at: NOW - 11 }),
        author.sign({ ...template, created_at: NOW + 1 }),
        stranger.sign(template),
        wanted,
      ]);
      assert.deepEqual(await listener.live(), [wanted.id]);
    }));

  test("rule 22: each way to ask finds the live event, once for several filters", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const kind = 9_137;
      const event = author.sign({ kind, tags: [["t", author.pubkey]] });
      const filters = [
        { ids: [event.id] },
        { authors: [author.pubkey] },
        { kinds: [kind] },
        { "#t": [author.pubkey] },
      ];
      for (const [i, filter] of filters.entries()) await listener.request(`one ${i}`, filter);
      await listener.request("all", { since: NOW }, ...filters);
      await session.publishAll([event]);
      const messages = await listener.settle();
      assert.deepEqual(messages.map(([, id]) => id).sort(), [
        "all",
        "one 0",
        "one 1",
        "one 2",
        "one 3",
      ]);
    }));

  test("rule 23: a subscription id has 1 to 64 characters of any sort", () =>
    withSession(connect, async (session) => {
      for (const id of ["x", "😀".repeat(64), "x".repeat(64), '"\\\n\0', " "]) {
        assert.deepEqual(await session.request(id, { limit: 0 }), []);
      }
      for (const id of ["", "x".repeat(65), "😀".repeat(65)]) {
        assert.match(await session.refused(id, { limit: 0 }), /^invalid: ./);
      }
      for (const id of [1, null, ["x"], {}, "\ud800", "x".repeat(1_000)]) {
        session.send("REQ", id, { limit: 0 });
        assert.equal((await session.next())[0], "NOTICE");
      }
    }));

  test("rule 23: ids belong to their connection", () =>
    withSessions(connect, async (one, other) => {
      const author = new Author();
      await one.request("rule 23", { authors: [author.pubkey] });
      await other.request("rule 23", { limit: 0, kinds: [65_535] });
      other.send("CLOSE", "rule 23");
      const event = author.sign();
      await other.publishAll([event]);
      assert.deepEqual(await one.live(), [event.id]);
    }));

  test("rule 38: EOSE tells whether something stored is left", () =>
    withSession(connect, async (session) => {
      const { defaultLimit } = CONFORMANCE_LIMITS;
      const author = new Author();
      const authors = [author.pubkey];
      const event = (i: number) => author.sign({ created_at: NOW - i });
      await session.publishAll(Array.from({ length: defaultLimit }, (_, i) => event(i)));
      assert.deepEqual(await session.hinted({ authors }), [defaultLimit, ["finish"]]);
      assert.deepEqual(await session.hinted({ authors, limit: 3 }), [3, ["more"]]);
      assert.deepEqual(await session.hinted({ authors, until: 0 }), [0, ["finish"]]);
      assert.deepEqual(await session.hinted({ authors, limit: 0 }), [0, undefined]);
      const mixed = [
        { authors, limit: 0 },
        { authors, since: NOW },
      ];
      assert.deepEqual(await session.hinted(...mixed), [1, undefined]);
      await session.publishAll([event(defaultLimit)]);
      assert.deepEqual(await session.hinted({ authors }), [defaultLimit, ["more"]]);
      const union = [
        { authors, limit: 2 },
        { authors, limit: defaultLimit + 1 },
      ];
      const [events, hints] = await session.hinted(...union);
      assert.equal(events, defaultLimit + 1);
      assert.notDeepEqual(hints, ["more"]);
    }));

  test("rule 38: the relay's own limit does not cut a second in two", () =>
    withSession(connect, async (session) => {
      const { defaultLimit, maxLimit } = CONFORMANCE_LIMITS;
      const author = new Author();
      const authors = [author.pubkey];
      const note = (second: number, i: number) =>
        author.sign({ created_at: NOW - second, content: `${i}` });
      const many = Array.from({ length: maxLimit }, (_, i) => note(1, i));
      await session.publishAll([note(0, 0), ...many.slice(0, defaultLimit + 2), note(2, 0)]);
      assert.deepEqual(await session.hinted({ authors }), [defaultLimit + 3, ["more"]]);
      assert.deepEqual(await session.hinted({ authors, limit: 4 }), [4, ["more"]]);
      await session.publishAll(many.slice(defaultLimit + 2));
      assert.deepEqual(await session.hinted({ authors }), [maxLimit, ["more"]]);
    }));
}
