/** Gift wraps: rules 30 and 32. A stranger may have proved a key, one that nobody writes to. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Author,
  type Connect,
  NOW,
  type Session,
  STORED,
  speakAs,
  withSession,
  withSessions,
} from "./session.ts";

const wrapFor = (recipient: Author, kind = 1059) =>
  new Author().sign({ kind, created_at: NOW - 1, tags: [["p", recipient.pubkey]] });

export function giftWrapRules(connect: Connect): void {
  test("rule 32: a gift wrap is found by its recipient, and by nobody else", async () => {
    const [reader, other] = [new Author(), new Author()];
    const wrap = wrapFor(reader);
    const note = new Author().sign({ tags: [["p", reader.pubkey]] });
    const filters = [
      { ids: [wrap.id] },
      { authors: [wrap.pubkey] },
      { "#p": [reader.pubkey], kinds: [1059, 7] },
      { kinds: [1059, 1], "#p": [reader.pubkey], until: NOW - 1 },
    ];
    await withSession(connect, async (session) => {
      assert.deepEqual(await session.publish(wrap), STORED);
      assert.deepEqual(await session.publish(note), STORED);
      for (const filter of filters) assert.deepEqual(await session.stored(filter), []);
      assert.deepEqual(await session.stored({ "#p": [reader.pubkey] }), [note.id]);
    });
    await speakAs(other, connect, async (session) => {
      for (const filter of filters) assert.deepEqual(await session.stored(filter), []);
      assert.deepEqual(await session.stored({ kinds: [1059] }), []);
      assert.deepEqual(await session.stored({ kinds: [1059], "#p": [reader.pubkey] }), []);
    });
    await speakAs(reader, connect, async (session) => {
      for (const filter of filters) assert.deepEqual(await session.stored(filter), [wrap.id]);
      assert.deepEqual(await session.stored({ kinds: [1059] }), [wrap.id]);
      const both = await session.stored({ "#p": [reader.pubkey], limit: 2 });
      assert.deepEqual(both, [note.id, wrap.id]);
    });
  });

  test("rule 32: who asks for gift wraps alone must have proved a key", () =>
    withSession(connect, async (session) => {
      for (const filter of [{ kinds: [1059] }, { kinds: [1059, 21_059], ids: ["0".repeat(64)] }]) {
        session.send("REQ", "x", { limit: 0 }, filter);
        const [verb, , reason] = await session.next();
        if (verb === "CLOSED") assert.match(String(reason), /^auth-required: ./);
        else assert.equal(verb, "EOSE");
      }
    }));

  for (const kind of [1059, 21_059]) {
    test(`rule 32: kind ${kind} is delivered live to its recipient only`, async () => {
      const [reader, other] = [new Author(), new Author()];
      const wrap = wrapFor(reader, kind);
      const listen = (session: Session) => session.request("live", { authors: [wrap.pubkey] });
      await withSessions(connect, async (publisher, stranger) => {
        await listen(stranger);
        await speakAs(other, connect, async (wrong) => {
          await listen(wrong);
          await speakAs(reader, connect, async (right) => {
            await listen(right);
            assert.deepEqual(await publisher.publish(wrap), STORED);
            assert.deepEqual(await right.live(), [wrap.id]);
          });
          assert.deepEqual(await wrong.live(), []);
        });
        assert.deepEqual(await stranger.live(), []);
      });
    });
  }

  test("rule 24: an ephemeral gift wrap is not stored, and muted when its recipient is away", async () => {
    const reader = new Author();
    const wrap = wrapFor(reader, 21_059);
    await withSessions(connect, async (publisher, stranger) => {
      await stranger.request("live", { authors: [wrap.pubkey] });
      assert.match((await publisher.publish(wrap)).reason, /^mute: /);
    });
    const found = await speakAs(reader, connect, (session) => session.stored({ ids: [wrap.id] }));
    assert.deepEqual(found, []);
  });

  test("rule 30: the recipient may delete a gift wrap, before it comes or after", async () => {
    const [reader, other] = [new Author(), new Author()];
    const [here, coming, foreign] = [wrapFor(reader), wrapFor(reader), wrapFor(other)];
    const tags = [here, coming, foreign].map(({ id }) => ["e", id]);
    await withSession(connect, async (session) => {
      await session.publishAll([here, foreign, reader.sign({ kind: 5, tags })]);
      for (const wrap of [here, coming]) {
        assert.match((await session.publish(wrap)).reason, /^blocked: /);
      }
    });
    const inbox = (owner: Author) =>
      speakAs(owner, connect, (session) => session.stored({ kinds: [1059] }));
    assert.deepEqual(await inbox(reader), []);
    assert.deepEqual(await inbox(other), [foreign.id]);
  });
}
