import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { Around, MessageRun } from "../../src/nostr/message-run.ts";
import { SharedText } from "../../src/nostr/packed-texts.ts";
import { CountedTexts, pack } from "./pack.ts";

const list = fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 30 });
const around = fc.string({ minLength: 1, maxLength: 10 });

/** Texts as a list and packed, with what a message of them counts as. */
const forms = [
  [(texts: readonly string[]) => texts, (message: string) => message.length],
  [pack, (message: string) => Buffer.byteLength(message)],
] as const;

it("runs hold every message once, in order, within their bound", () => {
  fc.assert(
    fc.property(list, around, around, fc.integer({ min: 1, max: 400 }), (texts, a, b, most) => {
      for (const [form, sizeOf] of forms) {
        const runs = [...MessageRun.of(form(texts), new Around(a, b), most)];
        assert.deepEqual(
          runs.flatMap((run) => [...run]),
          texts.map((text) => `${a}${text}${b}`),
        );
        for (const [i, run] of runs.entries()) {
          assert.equal(run.length, [...run].length);
          assert.equal(run.size, sizeOf([...run].join("")));
          assert(run.size <= most || run.length === 1);
          // It had no room for the first message of the next.
          const [next] = runs[i + 1] ?? [];
          assert(next === undefined || run.size + sizeOf(next) > most);
        }
      }
    }),
  );
});

it("messages are written with their length, or not at all", () => {
  fc.assert(
    fc.property(list, around, around, fc.nat(60), (texts, a, b, room) => {
      for (const [form] of forms) {
        for (const run of MessageRun.of(form(texts), new Around(a, b), 400)) {
          for (const [index, message] of [...run].entries()) {
            const expected = Buffer.alloc(4 + Buffer.byteLength(message));
            expected.writeUInt32BE(expected.length - 4);
            expected.write(message, 4);
            const bytes = new Uint8Array(2 + room);
            const end = run.put(index, bytes, 2);
            assert.equal(end, expected.length <= room ? 2 + expected.length : undefined);
            if (end) assert.deepEqual(Buffer.from(bytes.subarray(2, end)), expected);
          }
        }
      }
    }),
  );
});

it("the text of a message can be read, and its beginning", () => {
  for (const [form] of forms) {
    const [run] = MessageRun.of(form(['{"id":"1"}', "", "{}é"]), new Around("[", "]"), 100);
    assert.equal(run?.textAt(0), '{"id":"1"}');
    assert.equal(run?.textAt(0, 5), '{"id"');
    assert.equal(run?.textAt(1, 5), "");
    assert.equal(run?.textAt(2), "{}é");
  }
});

it("one text for many is the same message to each, as a string and as bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), around, around, (some, a, b) => {
      const text = Buffer.from(some).toString(); // as UTF-8 has it
      const shared = new SharedText(text);
      for (const [before, behind] of [
        [a, b],
        [b, a],
      ] as const) {
        const expected = [...MessageRun.of([text], new Around(before, behind), 1_000)];
        const run = MessageRun.one(shared, new Around(before, behind));
        assert.deepEqual(
          [...run],
          expected.flatMap((each) => [...each]),
        );
        assert.equal(run.size, Buffer.byteLength(`${before}${text}${behind}`));
        const [bytes, others] = [new Uint8Array(300), new Uint8Array(300)];
        assert.equal(run.put(0, bytes, 2), expected[0]?.put(0, others, 2));
        assert.deepEqual(bytes, others);
        assert.equal(run.textAt(0, 3), text.slice(0, 3));
      }
    }),
  );
});

it("the last run, and no other, lets go of the texts", () => {
  const texts = new CountedTexts(["one", "two", "three"]);
  const runs = [...MessageRun.of(texts, new Around("[", "]"), 12)];
  assert.equal(runs.length, 2);
  const released = runs.map((run) => {
    run.release();
    return texts.released;
  });
  assert.deepEqual(released, [0, 1]);
  // Others may still have these.
  const shared = new SharedText("one");
  MessageRun.one(shared, new Around("[", "]")).release();
  assert.equal(shared.at(0), "one");
  assert.ok(shared.bytes.length > 0);
});
