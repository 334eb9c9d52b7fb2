/** Requests to delete: rules 27–29. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Author, type Connect, NOW, STORED, withSession, withSessions } from "./session.ts";

const DELETED = { accepted: false, reason: "blocked: this event has been deleted" };

export function deletionRules(connect: Connect): void {
  test("rule 27: own events go, also newer ones, and cannot come back; others' stay", () =>
    withSession(connect, async (session) => {
      const [author, other] = [new Author(), new Author()];
      const [old, newer] = [author.sign({ created_at: NOW - 9 }), author.sign({ created_at: NOW })];
      const foreign = other.sign();
      const tags = [old, newer, foreign].map(({ id }) => ["e", id]);
      const request = author.sign({ kind: 5, created_at: NOW - 5, tags });
      await session.publishAll([old, newer, foreign, request]);
      const authors = [author.pubkey, other.pubkey];
      const left = new Set(await session.stored({ authors }));
      assert.deepEqual(left, new Set([foreign.id, request.id]));
      assert.deepEqual(await session.stored({ ids: [old.id, newer.id] }), []);
      for (const event of [old, newer]) assert.deepEqual(await session.publish(event), DELETED);
    }));

  test("rule 27: what is not known yet is refused later, from the same author only", () =>
    withSession(connect, async (session) => {
      const [author, other] = [new Author(), new Author()];
      const [own, foreign] = [author.sign(), other.sign()];
      const request = author.sign({ kind: 5, tags: [own, foreign].map(({ id }) => ["e", id]) });
      await session.publishAll([request, foreign]);
      assert.deepEqual(await session.publish(own), DELETED);
      assert.deepEqual(await session.stored({ ids: [own.id, foreign.id] }), [foreign.id]);
    }));

  test("rule 27: the request is stored, found and broadcast", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const event = author.sign();
      const request = author.sign({ kind: 5, tags: [["e", event.id]] });
      await session.publishAll([event]);
      await listener.request("rule 27", { kinds: [5], authors: [author.pubkey] });
      await session.publishAll([request]);
      assert.deepEqual(await listener.live(), [request.id]);
      assert.deepEqual(await session.stored({ kinds: [5], "#e": [event.id] }), [request.id]);
    }));

  test("rule 28: an address is deleted up to the request; newer versions may come", () =>
    withSession(connect, async (session) => {
      for (const [kind, d] of [
        [0, ""],
        [10_002, ""],
        [30_023, "with:colons: "],
      ] as const) {
        const author = new Author();
        const version = (created_at: number) =>
          author.sign({ kind, created_at, tags: d === "" ? [] : [["d", d]] });
        const tags = [["a", `${kind}:${author.pubkey}:${d}`]];
        const [older, current, newer] = [version(NOW - 9), version(NOW - 5), version(NOW - 4)];
        const request = author.sign({ kind: 5, created_at: NOW - 5, tags });
        await session.publishAll([current, request]);
        const filter = { authors: [author.pubkey], kinds: [kind] };
        assert.deepEqual(await session.stored(filter), []);
        for (const gone of [older, current]) assert.deepEqual(await session.publish(gone), DELETED);
        assert.deepEqual(await session.publish(newer), STORED);
        assert.deepEqual(await session.stored(filter), [newer.id]);
      }
    }));

  test("rule 28: an address of somebody else, or of a kind without versions, is none", () =>
    withSession(connect, async (session) => {
      const [author, other] = [new Author(), new Author()];
      const events = [other.sign({ kind: 0 }), author.sign({ kind: 1 }), author.sign({ kind: 3 })];
      const values = [
        `0:${other.pubkey}:`,
        `1:${author.pubkey}:`,
        `3:${author.pubkey}:x`,
        "",
        "::",
      ];
      const request = author.sign({ kind: 5, tags: values.map((value) => ["a", value]) });
      await session.publishAll([...events, request]);
      const ids = events.map(({ id }) => id);
      assert.deepEqual(new Set(await session.stored({ ids })), new Set(ids));
    }));

  test("rule 29: requests are not deleted, and one without a reference deletes nothing", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const note = author.sign();
      const request = author.sign({ kind: 5, tags: [["e", "f".repeat(64)]] });
      const useless = [[], [["e", ""]], [["e"]], [["a"]], [["k", "1"]], [["e", request.id]]];
      const others = useless.map((tags) => author.sign({ kind: 5, tags }));
      await session.publishAll([note, request, ...others]);
      const left = await session.stored({ authors: [author.pubkey], limit: 20 });
      assert.deepEqual(new Set(left), new Set([note, request, ...others].map(({ id }) => id)));
    }));
}
