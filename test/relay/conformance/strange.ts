/** Whatever JSON a stranger puts wherever: one answer of the right sort, and the connection lives on. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Author, type Connect, type Message, NOW, STORED, withSession } from "./session.ts";

const ABSURD: readonly unknown[] = [
  ...[null, true, "", "x", "\0", "\ud800", "a".repeat(64), [], {}, [[]], [null], [1], [{}]],
  ...[-1, -0, 0.5, 1e10, 2 ** 53, 1e308, [-1], [0.5], [1e308], ["\udfff"], ["A".repeat(64)]],
];
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ABSURD) },
  fc.jsonValue({ maxDepth: 3 }),
);
const FILTER = [
  "ids",
  "authors",
  "kinds",
  "since",
  "until",
  "limit",
  "search",
  "#e",
  "#t",
  "&t",
  "x",
];
const conditions = fc.dictionary(fc.constantFrom(...FILTER), anything, { maxKeys: 4 });
const changes = fc.dictionary(
  fc.constantFrom("pubkey", "created_at", "kind", "tags", "content", "sig", "x"),
  anything,
  { maxKeys: 3 },
);
const id = fc.oneof({ weight: 4, arbitrary: fc.constant("strange") }, anything);

type Sort = "OK" | "CLOSED" | "NEG-ERR";

export function strangeRules(connect: Connect): void {
  const author = new Author();
  const event = author.sign({ kind: 20_001 });

  /** Sends one message with nonsense in it; what comes back until the relay has nothing to add. */
  const answersTo = async (message: Message): Promise<readonly Message[]> => {
    let answers: readonly Message[] = [];
    await withSession(connect, async (session) => {
      session.send(...message);
      answers = await session.settle();
      assert.deepEqual(await session.publish(new Author().sign()), STORED);
    });
    return answers;
  };

  /** Whether there is one answer: to what was named by its name, else a NOTICE. */
  const assertAnswered = ([verb, name]: Message, expected: Sort, sent: unknown): void => {
    if (verb === "NOTICE") assert.notEqual(sent, "strange");
    else assert.deepEqual([verb, name], [expected, sent]);
  };

  test("strange values in an EVENT or AUTH are answered by its OK", () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom("EVENT", "AUTH"), changes, (verb, changed) =>
        withSession(connect, async (session) => {
          session.send(verb, { ...event, ...changed });
          assert.equal((await session.ok(event.id)).accepted, false);
          assert.deepEqual(await session.publish(new Author().sign()), STORED);
          assert.deepEqual(await session.settle(), []);
        }),
      ),
      { numRuns: 30 },
    ));

  test("strange values in a REQ, COUNT or NEG-OPEN are refused by its id, or answered", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("REQ", "COUNT", "NEG-OPEN"),
        id,
        conditions,
        anything,
        async (verb, name, filter, rest) => {
          const answers = await answersTo([verb, name, filter, rest]);
          const refusals = answers.filter(([sort]) => /^(NOTICE|CLOSED|NEG-ERR)$/.test(`${sort}`));
          if (refusals.length === 0) return;
          assert.equal(refusals.length, 1);
          assertAnswered(refusals[0] ?? [], verb === "NEG-OPEN" ? "NEG-ERR" : "CLOSED", name);
        },
      ),
      { numRuns: 30 },
    ));

  test("strange arrays are answered or pass without a word, and do no harm", () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom("CLOSE", "NEG-MSG", "NEG-CLOSE", "OK", "EVENT"), anything),
        fc.array(anything, { maxLength: 4 }),
        async (verb, rest) => {
          const answers = await answersTo([verb, ...rest]);
          assert.ok(answers.length <= 1, JSON.stringify(answers));
        },
      ),
      { numRuns: 30 },
    ));

  test("as many tags as a message holds do no harm", () =>
    withSession(connect, async (session) => {
      const { id: name } = event;
      for (const tag of ["[]", '[""]', '["t","x"]', "[[]]", "0"]) {
        const tags = Array.from({ length: Math.floor(130_000 / (tag.length + 1)) }, () => tag);
        const rest = `"created_at":${NOW},"kind":1,"content":"","pubkey":"${author.pubkey}"`;
        session.sendText(
          `["EVENT",{"id":"${name}","sig":"${event.sig}",${rest},"tags":[${tags}]}]`,
        );
        assert.equal((await session.ok(name)).accepted, false);
      }
      assert.deepEqual(await session.publish(new Author().sign()), STORED);
    }));
}
