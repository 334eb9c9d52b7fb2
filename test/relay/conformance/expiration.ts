/** Expiration: rule 31, as far as it can be seen without time passing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_CREATED_AT } from "../../../src/nostr/event.ts";
import { Author, type Connect, NOW, withSession } from "./session.ts";

export function expirationRules(connect: Connect): void {
  const expiring = (author: Author, value: string, kind = 1) =>
    author.sign({ kind, tags: [["expiration", value]] });

  test("rule 31: what has expired is refused, ephemeral or not", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      for (const kind of [1, 0, 20_000, 30_000]) {
        for (const value of ["0", "1", `${NOW - 1}`, `${NOW}`]) {
          const { accepted, reason } = await session.publish(expiring(author, value, kind));
          assert.deepEqual([accepted, reason], [false, "invalid: the event has expired"]);
        }
      }
      assert.deepEqual(await session.stored({ authors: [author.pubkey] }), []);
    }));

  test("rule 31: what is no time in seconds is refused", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const now = `${NOW}`;
      const absurd = ["", "soon", "-1", "1e10", "0x7fffffff", " 4000000000", "4000000000.5"];
      for (const value of [...absurd, `${now}000`, `${MAX_CREATED_AT + 1}`, "9".repeat(400)]) {
        const { reason } = await session.publish(expiring(author, value));
        assert.equal(reason, "invalid: expiration is not a unix time in seconds");
      }
      const bare = await session.publish(author.sign({ tags: [["expiration"]] }));
      assert.equal(bare.accepted, false);
    }));

  test("rule 31: what expires later is stored and served; the first tag counts", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const event = author.sign({
        tags: [
          ["expiration", `${MAX_CREATED_AT}`],
          ["expiration", "1"],
        ],
      });
      await session.publishAll([event]);
      assert.deepEqual(await session.stored({ authors: [author.pubkey] }), [event.id]);
    }));
}
