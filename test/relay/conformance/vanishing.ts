/** Requests to vanish: rule 34. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Author, type Connect, NOW, STORED, speakAs, withSession } from "./session.ts";

export function vanishingRules(connect: Connect, url: string): void {
  for (const [title, relays] of [
    ["this relay", [url]],
    ["this relay among others", ["wss://other.example", url]],
    ["all relays", ["ALL_RELAYS"]],
  ] as const) {
    test(`rule 34: a request to ${title}: everything until then is gone and stays away`, async () => {
      const [author, friend] = [new Author(), new Author()];
      const tags = relays.map((relay) => ["relay", relay]);
      const request = author.sign({ kind: 62, created_at: NOW - 5, tags });
      const gone = [
        author.sign({ created_at: NOW - 5 }),
        author.sign({ kind: 0, created_at: NOW - 6 }),
        author.sign({ kind: 5, created_at: NOW - 7, tags: [["e", "f".repeat(64)]] }),
      ];
      const wrap = friend.sign({ kind: 1059, created_at: NOW - 8, tags: [["p", author.pubkey]] });
      const later = author.sign({ created_at: NOW - 4 });
      const mention = friend.sign({ created_at: NOW - 9, tags: [["p", author.pubkey]] });
      await withSession(connect, async (session) => {
        await session.publishAll([...gone, wrap, later, mention, request]);
        const authors = [author.pubkey, friend.pubkey];
        const left = await session.stored({ authors });
        assert.deepEqual(left, [later.id, request.id, mention.id]);
        for (const event of [...gone, wrap, author.sign({ created_at: 0, content: "unseen" })]) {
          const { accepted, reason } = await session.publish(event);
          assert.equal(accepted, false);
          assert.match(reason, /^blocked: /);
        }
        assert.deepEqual(await session.publish(author.sign()), STORED);
      });
      const inbox = await speakAs(author, connect, (session) => session.stored({ kinds: [1059] }));
      assert.deepEqual(inbox, []);
    });
  }

  test("rule 34: a request to other relays, or to none, is refused and does nothing", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const note = author.sign({ created_at: NOW - 5 });
      await session.publishAll([note]);
      const lists = [
        [],
        [["relay"]],
        [["relay", "all_relays"]],
        [["relay", "wss://other.example"]],
      ];
      for (const tags of [...lists, [["r", url]], [["relay", "wss://x.example", url]]]) {
        const { accepted, reason } = await session.publish(author.sign({ kind: 62, tags }));
        assert.equal(accepted, false);
        assert.match(reason, /^(invalid|blocked): /);
      }
      assert.deepEqual(await session.stored({ authors: [author.pubkey] }), [note.id]);
    }));

  test("rule 29: a request to vanish cannot be deleted", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const tags = [["relay", "ALL_RELAYS"]];
      const request = author.sign({ kind: 62, created_at: NOW - 5, tags });
      await session.publishAll([request, author.sign({ kind: 5, tags: [["e", request.id]] })]);
      const again = await session.publish(author.sign({ created_at: NOW - 6 }));
      assert.match(again.reason, /^blocked: /);
      assert.deepEqual(await session.stored({ ids: [request.id] }), [request.id]);
    }));
}
