/** Search (NIP-50). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Author, type Connect, NOW, withSession, withSessions } from "./session.ts";

export function searchRules(connect: Connect): void {
  test("search: notes in Japanese, Arabic, Turkish and emoji are found", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const authors = [author.pubkey];
      const found = [
        ["今日は東京で寿司を食べました", "寿司", "東京"],
        ["أهلاً وسهلاً بكم في نوستر", "اهلا", "نوستر"],
        ["Iğdır'da IŞIK, İzmir'de güneş", "ışık", "izmir", "IĞDIR"],
        ["gm ☀️ 🤙🏻", "🤙", "☀"],
      ] as const;
      const notes = found.map(([content]) => author.sign({ content }));
      await session.publishAll(notes);
      for (const [n, [, ...queries]] of found.entries()) {
        for (const search of queries) {
          assert.deepEqual(await session.stored({ authors, search }), [notes[n]?.id], search);
          assert.deepEqual(await session.count({ authors, search }), { count: 1 });
        }
      }
    }));

  test("search: the best come first, and the limit leaves those", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const authors = [author.pubkey];
      const note = (age: number, content: string) =>
        author.sign({ created_at: NOW - age, content });
      const [weak, strong, none] = [
        note(0, "the relay in a long sentence that is mostly about something else entirely"),
        note(9, "relay relay"),
        note(1, "nothing"),
      ];
      await session.publishAll([weak, strong, none]);
      const search = "relay";
      assert.deepEqual(await session.stored({ authors, search }), [strong.id, weak.id]);
      assert.deepEqual(await session.stored({ authors, search, limit: 1 }), [strong.id]);
      const ignored = "relay language:en nsfw:false";
      assert.deepEqual(await session.stored({ authors, search: ignored }), [strong.id, weak.id]);
      const any = await session.stored({ authors, search: "sort:hot " });
      assert.deepEqual(any, [weak.id, none.id, strong.id]);
    }));

  test("search: live events match as stored ones do", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      await listener.request("search", { authors: [author.pubkey], search: "ライブ relay" });
      const wanted = author.sign({ content: "Relays: ライブ配信" });
      await session.publishAll([
        author.sign({ content: "ライブ" }),
        author.sign({ kind: 7, content: "ライブ relay" }),
        wanted,
      ]);
      assert.deepEqual(await listener.live(), [wanted.id]);
    }));

  test("search: a wrong or endless query is invalid", () =>
    withSession(connect, async (session) => {
      for (const search of [1, null, ["a"], {}, "\ud800", "x".repeat(257)]) {
        assert.match(await session.refused("search", { search }), /^invalid: ./);
      }
      const odd = ['"', "\0", "* AND (", "a:b", '"" OR NEAR(', "x".repeat(256), "'; --"];
      for (const search of odd) await session.stored({ ids: [], search });
    }));
}
