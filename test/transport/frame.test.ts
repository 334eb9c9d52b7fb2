import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Around, MessageRun } from "../../src/nostr/message-run.ts";
import { FRAME_CLOSE, FRAME_COVER, FRAME_MESSAGES } from "../../src/transport/constants.ts";
import { TransportError } from "../../src/transport/errors.ts";
import {
  MessageReader,
  PlaintextWriter,
  paddedLength,
  parsePlaintext,
} from "../../src/transport/frame.ts";
import { CountedTexts, pack } from "../nostr/pack.ts";
import { plaintext, stream, uint } from "../vectors/reference.ts";
import { isCode, RUNS } from "./sessions.ts";

describe("padding", () => {
  it("gives few sizes, never less than the content needs, never more than a frame has", () => {
    const sizes = new Set<number>();
    for (let content = 0; content <= 65_516; content++) {
      const padded = paddedLength(content);
      assert.ok(padded >= content + 3 && padded >= 256 && padded <= 65_519);
      sizes.add(padded);
    }
    assert.ok(sizes.size <= 72, String(sizes.size));
  });
});

describe("plaintext", () => {
  const types = [FRAME_CLOSE, FRAME_MESSAGES, FRAME_COVER] as const;

  it("is parsed as the reference writes it, with any padding", () => {
    const content = fc.uint8Array({ maxLength: 2_000 });
    const property = fc.property(
      fc.constantFrom(...types),
      content,
      fc.nat(2_000),
      (type, bytes, padding) => {
        const parsed = parsePlaintext(plaintext(type, bytes, 3 + bytes.length + padding));
        assert.equal(parsed.type, type);
        assert.deepEqual(new Uint8Array(parsed.content), bytes);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });

  it("is written as the reference writes it", () => {
    const writer = new PlaintextWriter();
    const some = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 500 }), {
      minLength: 1,
      maxLength: 20,
    });
    const property = fc.property(some, (texts) => {
      const written: Uint8Array[] = [];
      writer.writeMessages(texts, (view) => written.push(view.slice()));
      assert.deepEqual(written, [plaintext(FRAME_MESSAGES, stream(...texts))]);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("carries nothing over from the one before", () => {
    const writer = new PlaintextWriter();
    const emitted: Uint8Array[] = [];
    const emit = (view: Uint8Array): number => emitted.push(view.slice());
    writer.writeMessages(["a".repeat(70_000)], emit);
    writer.writeMessages(["b"], emit);
    assert.deepEqual(emitted.at(-1), plaintext(FRAME_MESSAGES, stream("b")));
  });

  it("carries a run as it would carry each message", () => {
    const unit = fc.constantFrom("a", "é", "€", "😀", "a".repeat(20_000), "€".repeat(9_000));
    const text = fc.string({ unit, maxLength: 6 });
    const property = fc.property(
      fc.array(text),
      text,
      fc.string({ minLength: 1 }),
      (each, a, b) => {
        for (const texts of [each, pack(each)]) {
          const runs = [...MessageRun.of(texts, new Around(a, b), 65_536)];
          assert.deepEqual(
            written(["first", ...runs]),
            written(["first", ...runs.flatMap((r) => [...r])]),
          );
        }
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });

  it("lets go of the texts of a run once they are in it, and not before", () => {
    const texts = new CountedTexts(["a".repeat(40_000), "b".repeat(40_000), "c"]);
    const [first, ...others] = MessageRun.of(texts, new Around("[", "]"), 65_536);
    assert.ok(first);
    assert.equal(written([first]).length, 1);
    assert.equal(texts.released, 0);
    const before: number[] = [];
    new PlaintextWriter().writeMessages([...others, "d"], () => before.push(texts.released));
    assert.deepEqual(before, [1]);
    assert.equal(others.length, 1);
  });

  it("that is random bytes is refused with a TransportError, or parsed", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      onlyTransportErrors(() => parsePlaintext(bytes));
    });
    fc.assert(property, { numRuns: 10 * RUNS });
  });
});

describe("the stream of messages", () => {
  it("may be cut anywhere", () => {
    const some = fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 200 }), {
      minLength: 1,
    });
    const property = fc.property(some, fc.array(fc.nat()), (texts, cuts) => {
      const bytes = stream(...texts);
      const edges = [
        0,
        ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b),
        bytes.length,
      ];
      const reader = new MessageReader(2 ** 20);
      const read = edges
        .slice(1)
        .flatMap((edge, index) => reader.read(bytes.subarray(edges[index], edge)));
      assert.deepEqual(
        read,
        texts.map((text) => Buffer.from(text).toString()),
      );
      assert.equal(reader.incomplete, false);
    });
    fc.assert(property, { numRuns: 5 * RUNS });
  });

  it("may be cut everywhere", () => {
    const texts = ["\ufeff€", "x", "é".repeat(2_000)];
    const reader = new MessageReader(2 ** 20);
    const read: string[] = [];
    for (const byte of stream(...texts)) read.push(...reader.read(Uint8Array.of(byte)));
    assert.deepEqual(read, texts);
  });

  it("knows when it is in the middle of something", () => {
    const reader = new MessageReader(10);
    for (const [byte, expected] of [
      [0, true],
      [0, true],
      [0, true],
      [2, true],
      [97, true],
      [98, false],
    ] as const) {
      reader.read(Uint8Array.of(byte));
      assert.equal(reader.incomplete, expected);
    }
  });

  it("reserves no memory for what has not come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 50 }, () => new MessageReader(2 ** 26));
    for (const reader of readers) {
      reader.read(uint(4, 2 ** 26));
      reader.read(new Uint8Array(1_000));
    }
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 2 ** 20, `${grown} bytes`);
    assert.ok(readers.every((reader) => reader.incomplete));
  });

  it("is refused as soon as a length is too large", () => {
    for (const length of [0, 1_025, 2 ** 32 - 1]) {
      const reader = new MessageReader(1_024);
      reader.read(uint(4, length).subarray(0, 3));
      assert.throws(() => reader.read(uint(4, length).subarray(3)), isCode("message-length"));
      const behindOne = Buffer.concat([stream("a"), uint(4, length)]);
      const another = new MessageReader(1_024);
      assert.throws(() => another.read(behindOne), isCode("message-length"));
    }
  });

  it("that is random bytes is refused with a TransportError, or read", () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 32 })), (pieces) => {
      const reader = new MessageReader(40);
      onlyTransportErrors(() => {
        for (const piece of pieces) reader.read(piece);
      });
    });
    fc.assert(property, { numRuns: 10 * RUNS });
  });
});

function written(messages: Iterable<string | MessageRun>): readonly Uint8Array[] {
  const plaintexts: Uint8Array[] = [];
  new PlaintextWriter().writeMessages(messages, (view) => plaintexts.push(view.slice()));
  return plaintexts;
}

function onlyTransportErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TransportError, String(error));
  }
}
