/** What is kept, what is replaced, and what OK says about it: rules 1, 11–17, 24–26. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Author, type Connect, NOW, STORED, withSession, withSessions } from "./session.ts";

const SUPERSEDED = { accepted: false, reason: "duplicate: a newer version is stored" };

export function storageRules(connect: Connect): void {
  test("rule 1: of two versions of the same second, the lowest id stays", () =>
    withSession(connect, async (session) => {
      for (const lowestFirst of [true, false]) {
        const author = new Author();
        const versions = ["a", "b"].map((content) => author.sign({ kind: 0, content }));
        const [low, high] = versions.sort((a, b) => (a.id < b.id ? -1 : 1));
        assert(low && high);
        if (lowestFirst) {
          assert.deepEqual(await session.publish(low), STORED);
          assert.deepEqual(await session.publish(high), SUPERSEDED);
        } else {
          await session.publishAll([high, low]);
        }
        assert.deepEqual(await session.stored({ authors: [author.pubkey] }), [low.id]);
      }
    }));

  test("rule 11: tags without a value or without anything are taken, an empty value is found", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const event = author.sign({ tags: [["t"], [], ["r", ""], ["", "x"], ["long name", "y"]] });
      await session.publishAll([event]);
      for (const condition of [{ "#t": [""] }, { "#r": [""] }]) {
        const filter = { authors: [author.pubkey], ...condition };
        assert.deepEqual(await session.stored(filter), [event.id]);
      }
      assert.deepEqual(await session.stored({ authors: [author.pubkey], "#x": [""] }), []);
    }));

  test("rule 12: no d is an empty d, and only the first d counts", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const sign = (created_at: number, tags: string[][]) =>
        author.sign({ kind: 30_000, created_at, tags });
      const without = sign(NOW - 9, []);
      const empty = sign(NOW - 8, [["d", ""]]);
      const bare = sign(NOW - 7, [["d"]]);
      const named = sign(NOW - 6, [
        ["d", "x"],
        ["d", "y"],
      ]);
      const renamed = sign(NOW - 5, [
        ["d", "x"],
        ["d", "z"],
      ]);
      await session.publishAll([without]);
      const nameless = { authors: [author.pubkey], "#d": [""] };
      assert.deepEqual(await session.stored(nameless), [without.id]);
      await session.publishAll([empty, bare, named, renamed]);
      assert.deepEqual(await session.stored(nameless), [bare.id]);
      assert.deepEqual(await session.stored({ authors: [author.pubkey] }), [renamed.id, bare.id]);
    }));

  test("rule 12: d means nothing on replaceable kinds", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const older = author.sign({ kind: 10_002, created_at: NOW - 1, tags: [["d", "a"]] });
      const newer = author.sign({ kind: 10_002, tags: [["d", "b"]] });
      await session.publishAll([older, newer]);
      assert.deepEqual(await session.stored({ authors: [author.pubkey] }), [newer.id]);
    }));

  test("rule 13: which kinds are replaced", () =>
    withSession(connect, async (session) => {
      const replaced = [0, 3, 10_000, 19_999, 30_000, 39_999];
      const kept = [1, 2, 4, 41, 44, 45, 9_999, 40_000, 65_535];
      const author = new Author();
      for (const kind of [...replaced, ...kept]) {
        const older = author.sign({ kind, created_at: NOW - 1 });
        const newer = author.sign({ kind });
        await session.publishAll([older, newer]);
        const expected = replaced.includes(kind) ? [newer.id] : [newer.id, older.id];
        const found = await session.stored({ authors: [author.pubkey], kinds: [kind] });
        assert.deepEqual(found, expected, `kind ${kind}`);
      }
    }));

  test("rule 14: an older version is refused, not stored, not broadcast", () =>
    withSessions(connect, async (session, listener) => {
      for (const kind of [3, 10_000, 30_000]) {
        const author = new Author();
        const newer = author.sign({ kind });
        const older = author.sign({ kind, created_at: NOW - 1 });
        await session.publishAll([newer]);
        await listener.request("rule 14", { authors: [author.pubkey] });
        assert.deepEqual(await session.publish(older), SUPERSEDED);
        assert.deepEqual(await listener.live(), []);
        assert.deepEqual(await session.stored({ ids: [older.id] }), []);
      }
    }));

  test("rule 15: a duplicate is accepted as such and not broadcast again", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const event = author.sign();
      await listener.request("rule 15", { authors: [author.pubkey] });
      await session.publishAll([event]);
      for (let i = 0; i < 2; i += 1) {
        const ok = await session.publish(event);
        assert.equal(ok.accepted, true);
        assert.match(ok.reason, /^duplicate: ./);
      }
      assert.deepEqual(await listener.live(), [event.id]);
    }));

  test("rule 15: the same event many times in one go is stored and broadcast once", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const event = author.sign();
      await listener.request("rule 15b", { authors: [author.pubkey] });
      for (let i = 0; i < 5; i += 1) session.send("EVENT", event);
      const oks = [];
      for (let i = 0; i < 5; i += 1) oks.push((await session.ok(event.id)).reason.split(":")[0]);
      assert.deepEqual(oks, ["", "duplicate", "duplicate", "duplicate", "duplicate"]);
      assert.deepEqual(await listener.live(), [event.id]);
    }));

  test("rule 16: OK has four elements, a prefix when false, and names broken events", () =>
    withSession(connect, async (session) => {
      const event = new Author().sign();
      const broken = [
        { id: event.id },
        { ...event, content: "changed" },
        { ...event, sig: "0".repeat(128) },
        { ...event, sig: "short" },
        { ...event, tags: "none" },
        { ...event, pubkey: "f".repeat(64) },
      ];
      for (const candidate of broken) {
        session.send("EVENT", candidate);
        const message = await session.next();
        assert.deepEqual(message.slice(0, 3), ["OK", event.id, false]);
        assert.equal(message.length, 4);
        assert.match(String(message[3]), /^invalid: ./);
      }
      session.send("EVENT", event);
      assert.deepEqual(await session.next(), ["OK", event.id, true, ""]);
    }));

  test("rule 17: what was acknowledged is there", () =>
    withSessions(connect, async (session, reader) => {
      const author = new Author();
      for (let i = 0; i < 5; i += 1) {
        const event = author.sign({ content: String(i) });
        await session.publishAll([event]);
        assert.deepEqual(await reader.stored({ ids: [event.id] }), [event.id]);
      }
    }));

  test("rule 24: ephemeral events reach listeners, are not stored, and are muted without any", () =>
    withSessions(connect, async (session, listener) => {
      for (const kind of [20_000, 25_555, 29_999]) {
        const author = new Author();
        const unheard = await session.publish(author.sign({ kind, content: "unheard" }));
        assert.equal(unheard.accepted, false);
        assert.match(unheard.reason, /^mute: ./);
        await listener.request("rule 24", { authors: [author.pubkey] });
        const event = author.sign({ kind });
        await session.publishAll([event]);
        assert.deepEqual(await listener.live(), [event.id]);
        assert.deepEqual(await session.stored({ authors: [author.pubkey] }), []);
      }
    }));

  test("rule 24: kind 22242 is neither stored nor broadcast", () =>
    withSessions(connect, async (session, listener) => {
      const author = new Author();
      const event = author.sign({ kind: 22_242, tags: [["challenge", "x"]] });
      await listener.request("rule 24", { authors: [author.pubkey] });
      const ok = await session.publish(event);
      assert.equal(ok.accepted, false);
      assert.match(ok.reason, /^invalid: ./);
      assert.deepEqual(await listener.live(), []);
      assert.deepEqual(await session.stored({ ids: [event.id] }), []);
    }));

  test("rule 25: fields out of range are refused", () =>
    withSession(connect, async (session) => {
      const event = new Author().sign({ tags: [["t", "x"]] });
      const changes = [
        { kind: 65_536 },
        { kind: -1 },
        { kind: 1.5 },
        { kind: "1" },
        { kind: null },
        { created_at: -1 },
        { created_at: 1.5 },
        { created_at: 1e10 },
        { created_at: "1700000000" },
        { tags: [["t", null]] },
        { tags: [["t", 1]] },
        { tags: ["t"] },
        { tags: [[["t"]]] },
        { tags: {} },
        { tags: null },
        { content: null },
        { content: 1 },
        { content: "\ud800" },
        { tags: [["t", "\udc00"]] },
        { pubkey: event.pubkey.toUpperCase() },
        { sig: event.sig.toUpperCase() },
        { sig: null },
      ];
      for (const change of changes) {
        const ok = await session.publish({ ...event, ...change });
        assert.equal(ok.accepted, false, JSON.stringify(change));
        assert.match(ok.reason, /^invalid: ./);
      }
      assert.deepEqual(await session.stored({ ids: [event.id] }), []);
    }));

  test("rule 25: control characters may be hashed as JSON.stringify or verbatim", () =>
    withSession(connect, async (session) => {
      const content = 'line\n"quoted" \\u0001 \u0001\u001f\u007f\u2028 😀';
      const author = new Author();
      const escaped = author.sign({ content });
      const text = JSON.stringify([0, author.pubkey, NOW, 1, [], content]);
      const raw = text.replace('\\" \\\\u0001 \\u0001\\u001f', '\\" \\\\u0001 \u0001\u001f');
      assert.notEqual(raw, text);
      const verbatim = { ...escaped, ...author.signText(raw) };
      await session.publishAll([escaped, verbatim]);
      const found = await session.requestEvents("rule 25", { authors: [author.pubkey] });
      assert.deepEqual(found.map((event) => event.id).sort(), [escaped.id, verbatim.id].sort());
      for (const event of found) assert.equal(event.content, content);
    }));

  test("rule 26: fields that NIP-01 does not know are dropped", () =>
    withSession(connect, async (session) => {
      const event = new Author().sign();
      const { id, pubkey, created_at, kind, tags, content, sig } = event;
      const extra = { seen: 1, ...event, relays: ["wss://relay.example"], json: "x" };
      await session.publishAll([extra]);
      assert.deepEqual(await session.requestEvents("rule 26", { ids: [id] }), [
        { id, pubkey, created_at, kind, tags, content, sig },
      ]);
    }));
}

/** For relays that answer alone: the OKs of what stands before one may overtake its own. */
export function orderRules(connect: Connect): void {
  test("rule 16: OKs come in the order of the events", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const events = Array.from({ length: 12 }, (_, i) => {
        const event = author.sign({ kind: i % 4 === 1 ? 20_001 : 1, content: String(i) });
        if (i % 4 === 2) return { ...event, content: "changed" };
        return i % 4 === 3 ? { ...event, sig: "short" } : event;
      });
      for (const event of events) session.send("EVENT", event);
      const answered = [];
      for (const _ of events) answered.push((await session.next())[1]);
      assert.deepEqual(
        answered,
        events.map((event) => event.id),
      );
    }));
}
