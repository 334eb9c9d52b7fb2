/** COUNT (NIP-45): rule 35. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Author,
  CONFORMANCE_LIMITS,
  type Connect,
  type Message,
  NOW,
  withSession,
  withSessions,
} from "./session.ts";

export function countRules(connect: Connect): void {
  test("rule 35: several filters are one union, limits play no part", () =>
    withSession(connect, async (session) => {
      const [one, other] = [new Author(), new Author()];
      const { maxLimit } = CONFORMANCE_LIMITS;
      const notes = Array.from({ length: maxLimit + 2 }, (_, i) =>
        one.sign({ created_at: NOW - i }),
      );
      await session.publishAll([...notes, other.sign({ kind: 7 })]);
      const authors = [one.pubkey];
      assert.deepEqual(await session.count({ authors }), { count: notes.length });
      assert.deepEqual(await session.count({ authors, limit: 1 }), { count: notes.length });
      assert.deepEqual(await session.count({ authors, since: NOW - 4 }), { count: 5 });
      const union = [
        { authors, since: NOW - 4 },
        { authors, since: NOW - 9 },
      ];
      assert.deepEqual(await session.count(...union, { authors: [other.pubkey] }), { count: 11 });
      assert.deepEqual(await session.count({ authors: [] }), { count: 0 });
    }));

  test("rule 35: a COUNT is no subscription, and its id is free again", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      for (let i = 0; i < 2 * CONFORMANCE_LIMITS.maxSubscriptions; i += 1) {
        await listener.count({ authors: [author.pubkey] });
      }
      await session.publishAll([author.sign()]);
      assert.deepEqual(await listener.live(), []);
    }));

  test("rule 35: a COUNT takes the place of the REQ that had its id", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const filter = { authors: [author.pubkey] };
      await listener.request("rule 35", filter);
      listener.send("COUNT", "rule 35", filter);
      assert.deepEqual(await listener.next(), ["COUNT", "rule 35", { count: 0 }]);
      await session.publishAll([author.sign()]);
      assert.deepEqual(await listener.live(), []);
    }));

  test("rule 35: what is refused is answered by CLOSED", () =>
    withSession(connect, async (session) => {
      const { maxFilters } = CONFORMANCE_LIMITS;
      const refused = async (...message: Message) => {
        session.send("COUNT", "rule 35", ...message);
        const [verb, id, reason] = await session.next();
        assert.deepEqual([verb, id], ["CLOSED", "rule 35"]);
        return String(reason);
      };
      assert.match(await refused(), /^invalid: ./);
      assert.match(await refused({ kinds: ["1"] }), /^invalid: ./);
      assert.match(await refused({ colour: "red" }), /^unsupported: ./);
      assert.match(await refused(...new Array(maxFilters + 1).fill({})), /^invalid: ./);
      session.send("COUNT", "", {});
      assert.match(String((await session.next())[2]), /^invalid: ./);
      session.send("COUNT", 1, {});
      assert.equal((await session.next())[0], "NOTICE");
    }));

  test("rule 35: what may not be seen is not counted", () =>
    withSession(connect, async (session) => {
      const [author, reader] = [new Author(), new Author()];
      const wrap = author.sign({ kind: 1059, tags: [["p", reader.pubkey]] });
      await session.publishAll([wrap, author.sign()]);
      assert.deepEqual(await session.count({ authors: [author.pubkey] }), { count: 1 });
    }));

  test("rule 35: registers come with one filter that has a tag condition", () =>
    withSession(connect, async (session) => {
      const authors = [new Author(), new Author(), new Author()];
      const target = `${"0".repeat(32)}5${"0".repeat(31)}`;
      const tags = [["e", target]];
      await session.publishAll(authors.map((author) => author.sign({ kind: 7, tags })));
      const filter = { kinds: [7], "#e": [target] };
      const registers = Buffer.alloc(256);
      for (const { pubkey } of authors) {
        const bits = BigInt(`0x1${pubkey.slice(28)}`)
          .toString(2)
          .slice(1); // from byte 14 on
        const register = Number.parseInt(pubkey.slice(26, 28), 16); // byte 5 + 8
        registers[register] = Math.max(registers[register] ?? 0, bits.indexOf("1") + 1);
      }
      assert.deepEqual(await session.count(filter), { count: 3, hll: registers.toString("hex") });
      assert.deepEqual(await session.count(filter, filter), { count: 3 });
      assert.deepEqual(await session.count({ kinds: [7], "#e": [] }), { count: 0 });
    }));
}
