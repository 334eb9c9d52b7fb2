import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MessageRun } from "../../src/nostr/message-run.ts";
import { PackedTexts } from "../../src/nostr/texts.ts";

/** Text of all lengths in UTF-8: one byte a character up to four. */
const text = fc.string({ unit: fc.constantFrom("a", "é", "€", "😀"), maxLength: 40 });
const texts = fc.array(text, { maxLength: 30 });
/** Strings and bytes must make the same messages. */
const forms = (each: readonly string[]) => [each, PackedTexts.of(each)];

describe("packed texts", () => {
  it("are the texts", () => {
    fc.assert(
      fc.property(texts, (each) => {
        const packed = PackedTexts.of(each);
        assert.equal(packed.length, each.length);
        assert.deepEqual([...packed], each);
        assert.equal(packed.bytes.length, Buffer.byteLength(each.join("")));
      }),
    );
  });

  it("keep a byte order mark", () => {
    assert.deepEqual([...PackedTexts.of(["\ufeffa", "b"])], ["\ufeffa", "b"]);
  });
});

describe("a run of messages", () => {
  it("holds every message once, in order, as frames carry them", () => {
    fc.assert(
      fc.property(
        texts,
        text,
        text,
        fc.integer({ min: 1, max: 400 }),
        (each, before, behind, most) => {
          const messages = each.map((one) => `${before}${one}${behind}`);
          for (const form of forms(each)) {
            const runs = [...MessageRun.of(form, before, behind, most)];
            assert.deepEqual(
              runs.flatMap((run) => [...run]),
              messages,
            );
            assert.deepEqual(Buffer.concat(runs.map(({ bytes }) => bytes)), carried(messages));
            for (const run of runs) {
              assert.equal([...run].length, run.length);
              assert(run.bytes.length <= most || run.length === 1);
            }
          }
        },
      ),
    );
  });

  it("takes no more memory than its messages need", () => {
    const [run] = MessageRun.of(["{}"], "[", "]", 65_536);
    assert.equal(run?.bytes.buffer.byteLength, 4 + "[{}]".length);
  });
});

function carried(messages: readonly string[]): Buffer {
  const parts = messages.flatMap((message) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(message));
    return [length, Buffer.from(message)];
  });
  return Buffer.concat(parts);
}
