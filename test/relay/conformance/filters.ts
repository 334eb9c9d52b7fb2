/** What a filter means: rules 2–10. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Author,
  CONFORMANCE_LIMITS,
  type Connect,
  NOW,
  withSession,
  withSessions,
} from "./session.ts";

export function filterRules(connect: Connect): void {
  test("rule 2: newest first, ties lowest id first, also under a limit", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const events = Array.from({ length: 9 }, (_, i) =>
        author.sign({ created_at: NOW - (i % 3), content: String(i) }),
      );
      await session.publishAll(events);
      const expected = events
        .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
        .map((event) => event.id);
      const authors = [author.pubkey];
      assert.deepEqual(await session.stored({ authors }), expected);
      for (const limit of [1, 2, 4, 8]) {
        assert.deepEqual(await session.stored({ authors, limit }), expected.slice(0, limit));
      }
    }));

  test("rule 3: limit counts per filter and once, the union has no doubles", () =>
    withSessions(connect, async (session, listener) => {
      const [one, two] = [new Author(), new Author()];
      const ones = [0, 1, 2].map((age) => one.sign({ created_at: NOW - 10 - age }));
      const twos = [0, 1, 2].map((age) => two.sign({ created_at: NOW - age }));
      await session.publishAll([...ones, ...twos]);
      const found = await listener.request(
        "rule 3",
        { authors: [one.pubkey], limit: 1 },
        { authors: [two.pubkey], limit: 2 },
        { authors: [one.pubkey, two.pubkey], limit: 1 },
      );
      assert.deepEqual(found, [twos[0]?.id, twos[1]?.id, ones[0]?.id]);
      const later = [one.sign({ content: "a" }), one.sign({ content: "b" })];
      await session.publishAll(later);
      assert.deepEqual(
        await listener.live(),
        later.map((event) => event.id),
      );
    }));

  test("rule 4: limit 0 asks for nothing stored, and stays live", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      await session.publishAll([author.sign({ content: "before" })]);
      const filter = { authors: [author.pubkey], limit: 0 };
      assert.deepEqual(await listener.request("rule 4", filter), []);
      const after = author.sign({ content: "after" });
      await session.publishAll([after]);
      assert.deepEqual(await listener.live(), [after.id]);
    }));

  test("rule 5: a limit above the maximum is clamped, none means the default", () =>
    withSession(connect, async (session) => {
      const { maxLimit, defaultLimit } = CONFORMANCE_LIMITS;
      const author = new Author();
      const events = Array.from({ length: maxLimit + 3 }, (_, age) =>
        author.sign({ created_at: NOW - age }),
      );
      await session.publishAll(events);
      const newest = (count: number) => events.slice(0, count).map((event) => event.id);
      const authors = [author.pubkey];
      assert.deepEqual(await session.stored({ authors }), newest(defaultLimit));
      for (const limit of [maxLimit, maxLimit + 1, 1e9, Number.MAX_SAFE_INTEGER]) {
        assert.deepEqual(await session.stored({ authors, limit }), newest(maxLimit));
      }
    }));

  test("rule 6: since and until include their second, and 0 is a bound", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const at = (created_at: number) => author.sign({ created_at });
      const [zero, old, middle, recent] = [at(0), at(NOW - 20), at(NOW - 10), at(NOW)];
      await session.publishAll([zero, old, middle, recent]);
      const found = (range: object) => session.stored({ authors: [author.pubkey], ...range });
      assert.deepEqual(await found({ since: NOW - 10 }), [recent.id, middle.id]);
      assert.deepEqual(await found({ until: NOW - 20 }), [old.id, zero.id]);
      assert.deepEqual(await found({ since: NOW - 10, until: NOW - 10 }), [middle.id]);
      assert.deepEqual(await found({ since: NOW, until: NOW - 20 }), []);
      assert.deepEqual(await found({ until: 0 }), [zero.id]);
      assert.deepEqual(await found({ since: 0, limit: 1 }), [recent.id]);
      assert.deepEqual(await found({ until: Number.MAX_SAFE_INTEGER, limit: 1 }), [recent.id]);
      assert.deepEqual(await found({ since: Number.MAX_SAFE_INTEGER }), []);
    }));

  test("rule 7: an empty list matches nothing, stored or live", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const event = author.sign({ tags: [["t", "x"]] });
      await session.publishAll([event]);
      const conditions = [{ ids: [] }, { authors: [] }, { kinds: [] }, { "#t": [] }];
      for (const [i, condition] of conditions.entries()) {
        const found = await listener.request(`rule 7 ${i}`, {
          authors: [author.pubkey],
          ...condition,
        });
        assert.deepEqual(found, []);
      }
      await session.publishAll([author.sign({ content: "later", tags: [["t", "x"]] })]);
      assert.deepEqual(await listener.live(), []);
    }));

  test("rules 8 and 9: ids and keys are 64 lower-case hex digits, whole", () =>
    withSession(connect, async (session) => {
      const { id } = new Author().sign();
      const wrong = [id.slice(0, 8), id.slice(1), `${id}0`, id.toUpperCase(), "g".repeat(64), ""];
      for (const key of ["ids", "authors", "#e", "#p"]) {
        for (const value of wrong) {
          if (value === id) continue;
          const reason = await session.refused("rule 8", { [key]: [id, value] });
          assert.match(reason, /^invalid: ./);
        }
      }
    }));

  test("rule 9: upper-case hex in an event is refused", () =>
    withSession(connect, async (session) => {
      const event = new Author().sign();
      session.send("EVENT", { ...event, id: "A".repeat(64) });
      assert.equal((await session.next())[0], "NOTICE");
      const ok = await session.publish({ ...event, pubkey: event.pubkey.toUpperCase() });
      assert.match(ok.reason, /^invalid: ./);
    }));

  test("rule 10: tag letters tell case apart, values are or, keys are and, no doubles", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const tags = [
        ["t", "x", "third"],
        ["t", "x"],
        ["t", "y"],
        ["T", "z"],
        ["r", "x"],
        ["tt", "w"],
      ];
      const event = author.sign({ tags });
      await session.publishAll([event, author.sign({ content: "without" })]);
      const found = (conditions: object) =>
        session.stored({ authors: [author.pubkey], ...conditions });
      const yes: object[] = [
        { "#t": ["x"] },
        { "#t": ["x", "y"] },
        { "#t": ["no", "y"] },
        { "#T": ["z"] },
        { "#t": ["y"], "#r": ["x"] },
      ];
      const no: object[] = [
        { "#t": ["z"] },
        { "#T": ["x"] },
        { "#t": ["third"] },
        { "#t": ["x"], "#r": ["no"] },
        { "#t": ["w"] },
      ];
      for (const condition of yes) assert.deepEqual(await found(condition), [event.id]);
      for (const condition of no) assert.deepEqual(await found(condition), []);
    }));

  test("rule 10: conditions that do not exist are unsupported, wrong values invalid", () =>
    withSession(connect, async (session) => {
      const unsupported = [
        { searches: "x" },
        { "#tt": ["x"] },
        { "#1": ["x"] },
        { "#": ["x"] },
        { "&tt": ["x"] },
        { t: ["x"] },
        { IDS: [] },
        { "": 1 },
      ];
      for (const filter of unsupported) {
        assert.match(await session.refused("rule 10", filter), /^unsupported: ./);
      }
      const invalid = [
        { kinds: [1.5] },
        { kinds: ["1"] },
        { kinds: [-1] },
        { kinds: [65_536] },
        { kinds: 1 },
        { ids: "x" },
        { authors: [null] },
        { "#t": "x" },
        { "#t": [1] },
        { "#t": ["\ud800"] },
        { since: "0" },
        { since: -1 },
        { until: 1.5 },
        { until: null },
        { limit: -1 },
        { limit: 1e300 },
        { limit: "5" },
        null,
        [],
        "x",
        1,
      ];
      for (const filter of invalid) {
        assert.match(await session.refused("rule 10", filter), /^invalid: ./, `${filter}`);
        assert.match(await session.refused("rule 10", {}, filter), /^invalid: ./, `${filter}`);
      }
    }));

  test("rule 10: &x wants all of its values, and #x one more (NIP-91)", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const authors = [author.pubkey];
      const note = (age: number, ...topics: readonly string[]) =>
        author.sign({ created_at: NOW - age, tags: topics.map((topic) => ["t", topic]) });
      const events = [note(0, "a", "b", "x"), note(1, "b", "a"), note(2, "a"), note(3, "b", "x")];
      await session.publishAll(events);
      const [first, second] = events.map((event) => event.id);
      const all = { authors, "&t": ["a", "b"] };
      assert.deepEqual(await session.stored(all), [first, second]);
      assert.deepEqual(await session.stored({ ...all, "#t": ["x", "y"] }), [first]);
      assert.deepEqual(await session.stored({ ...all, "#t": ["a"] }), [first, second]);
      assert.deepEqual(await session.stored({ ...all, "#t": ["a", "x"] }), [first]);
      assert.deepEqual(await session.stored({ authors, "&t": [] }), []);
      assert.deepEqual(await session.count(all), { count: 2 });
      assert.match(await session.refused("rule 10", { "&tt": ["a"] }), /^unsupported: ./);
      assert.match(await session.refused("rule 10", { "&t": "a" }), /^invalid: ./);
      assert.match(await session.refused("rule 10", { "&e": ["a"] }), /^invalid: ./);
      await listener.request("rule 10", { "&t": [author.pubkey, "b"], limit: 0 });
      const wanted = note(0, "b", "c", author.pubkey);
      await session.publishAll([note(0, "b"), note(0, author.pubkey), wanted]);
      assert.deepEqual(await listener.live(), [wanted.id]);
    }));
}
