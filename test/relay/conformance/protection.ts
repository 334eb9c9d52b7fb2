/** Protected events: rule 33. A stranger may have proved a key, one that nobody knows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Author, type Connect, STORED, speakAs, withSession } from "./session.ts";

const MINUS = [["-"]];

export function protectionRules(connect: Connect): void {
  test("rule 33: a protected event is taken from its author alone", async () => {
    const [author, other] = [new Author(), new Author()];
    const event = author.sign({ tags: MINUS });
    await withSession(connect, async (session) => {
      const { accepted, reason } = await session.publish(event);
      assert.equal(accepted, false);
      assert.match(reason, /^(auth-required|restricted): this event may only be published by its/);
    });
    await speakAs(other, connect, async (session) => {
      const { accepted, reason } = await session.publish(event);
      assert.equal(accepted, false);
      assert.match(reason, /^restricted: /);
    });
    await speakAs(author, connect, async (session) => {
      assert.deepEqual(await session.publish(event), STORED);
      assert.deepEqual(await session.stored({ ids: [event.id] }), [event.id]);
    });
  });

  test("rule 33: a repost that embeds one is refused, however it is written", () =>
    withSession(connect, async (session) => {
      const [author, fan] = [new Author(), new Author()];
      const inner = author.sign({ tags: MINUS, content: "members only" });
      const nested = { ...author.sign(), kind: 6, content: inner.json };
      const texts = [
        inner.json,
        JSON.stringify(inner, null, "\t"),
        inner.json.replace('["-"]', '[ "\\u002d" , "x" ]'),
        JSON.stringify(nested),
        JSON.stringify({ ...nested, kind: 16, content: JSON.stringify(nested) }),
      ];
      for (const kind of [6, 16]) {
        for (const content of texts) {
          const { reason } = await session.publish(fan.sign({ kind, content }));
          assert.equal(reason, "invalid: a repost must not embed a protected event");
        }
      }
    }));

  test("rule 33: words that only look like it are no protection", () =>
    withSession(connect, async (session) => {
      const fan = new Author();
      const quoting = fan.sign({
        content: 'they wrote ["-"] and "tags":[["-"]]',
        tags: [["t", "-"]],
      });
      const contents = [
        quoting.json,
        "",
        "[[",
        '["-"]',
        "null",
        '{"tags":{"0":["-"]}}',
        '{"tags":["-"]}',
      ];
      const reposts = contents.map((content) => fan.sign({ kind: 6, content }));
      const note = fan.sign({ content: fan.sign({ tags: MINUS }).json });
      await session.publishAll([quoting, note, ...reposts]);
    }));
}
