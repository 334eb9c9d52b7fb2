/** What is no message at all: rule 40, and everything else that a stranger may try. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Author,
  CONFORMANCE_LIMITS,
  type Connect,
  NOW,
  STORED,
  withSession,
  withSessions,
} from "./session.ts";

const NONSENSE: readonly string[] = [
  " ",
  "hello",
  "{}",
  "null",
  "0",
  '"EVENT"',
  "[]",
  "[[]]",
  "[null]",
  '[{"EVENT":1}]',
  '["event",{}]',
  '["EVENT"]',
  '["EVENT",null]',
  '["EVENT",[]]',
  '["EVENT","x"]',
  '["EVENT",{"id":1}]',
  '["EVENT",{"__proto__":{"id":1}}]',
  '["AUTH"]',
  '["AUTH","challenge"]',
  '["REQ"]',
  '["REQ",{}]',
  '["CLOSE"]',
  '["CLOSE",1]',
  '["OK","x",true,""]',
  '["NOTICE","x"]',
  '["PING"]',
  '["EVENT",{"id":"\u0000"}]',
  '["EVENT",',
  '["EVENT",{}]garbage',
  "\u0000",
  "\ufeff[]",
  `["EVENT",{"created_at":${"9".repeat(400)}}]`,
  "[".repeat(100_000),
  `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
];

export function messageRules(connect: Connect): void {
  test("rule 40: what is not a message gets a NOTICE, and the connection lives on", () =>
    withSession(connect, async (session) => {
      for (const text of NONSENSE) {
        session.sendText(text);
        const [verb, reason, ...rest] = await session.next();
        assert.deepEqual([verb, rest], ["NOTICE", []], text.slice(0, 60));
        assert.match(String(reason), /^(invalid|unsupported): ./);
      }
      assert.deepEqual(await session.publish(new Author().sign()), STORED);
    }));

  test("rule 40: deep nesting where values belong is refused by name", () =>
    withSession(connect, async (session) => {
      const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
      const { id } = new Author().sign();
      session.sendText(`["EVENT",{"id":"${id}","tags":${deep}}]`);
      assert.deepEqual((await session.next()).slice(0, 3), ["OK", id, false]);
      session.sendText(`["REQ","deep",{"#t":${deep}}]`);
      assert.deepEqual((await session.next()).slice(0, 2), ["CLOSED", "deep"]);
      session.sendText(`["REQ","deep",${deep}]`);
      assert.deepEqual((await session.next()).slice(0, 2), ["CLOSED", "deep"]);
    }));

  test("NUL and every other character survives the way through", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const content = '\0\b\t\n\v\f\r\x1b"\\/\x7f\u2028\u2029\ufeff\uffff😀';
      const event = author.sign({ content, tags: [["t", content]] });
      await session.publishAll([event]);
      const [found] = await session.requestEvents("all characters", {
        authors: [author.pubkey],
        "#t": [content],
      });
      assert.equal(found?.content, content);
    }));

  test("5,000 REQs at once are answered, and the next client is served", () =>
    withSessions(connect, async (session, other) => {
      const { maxSubscriptions } = CONFORMANCE_LIMITS;
      for (let i = 0; i < 5_000; i += 1) session.send("REQ", `${i % 2_500}`, { limit: 1 });
      assert.deepEqual(await other.publish(new Author().sign()), STORED);
      for (let i = 0; i < maxSubscriptions; i += 1) session.send("CLOSE", `${i}`);
      const verbs = (await session.settle()).map(([verb]) => verb);
      const refused = verbs.filter((verb) => verb === "CLOSED").length;
      assert.equal(refused, 5_000 - 2 * maxSubscriptions);
    }));

  test("5,000 REQs for one id at once: the last one stays", () =>
    withSessions(connect, async (session, other) => {
      const author = new Author();
      const stored = author.sign({ created_at: NOW - 1 });
      await other.publishAll([stored]);
      for (let i = 0; i < 5_000; i += 1) session.send("REQ", "same", { kinds: [1], limit: 1 });
      session.send("REQ", "same", { authors: [author.pubkey] });
      await session.found("same", stored.id);
      await session.settle();
      const event = author.sign();
      await other.publishAll([event]);
      assert.deepEqual(await session.live(), [event.id]);
    }));
}
