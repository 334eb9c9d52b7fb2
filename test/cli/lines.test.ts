import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type EventLine, readEventLines } from "../../src/cli/lines.ts";
import { madeUp } from "../nostr/arbitrary.ts";

const { signal: never } = new AbortController();
const event = madeUp({ content: "é\u2028\u2029\u0085 😀\0\r", tags: [["t", "\u2028"]] });

describe("event lines", () => {
  it("end at line feeds alone", async () => {
    const found = await read([`${event.json}\n${event.json}\r\n`]);
    assert.deepEqual(
      found.map(({ number, event }) => [number, event.ok && event.value.content]),
      [
        [1, event.content],
        [2, event.content],
      ],
    );
  });

  it("are the same however the bytes are cut", async () => {
    const text = `${event.json}\n\n{\n \r\n${event.json}\n"\xff"\n${event.json}`;
    const whole = await read([text]);
    assert.deepEqual(
      whole.map(({ number, event: { ok } }) => [number, ok]),
      [
        [1, true],
        [3, false],
        [5, true],
        [6, false],
        [7, true],
      ],
    );
    const bytes = Buffer.from(text);
    const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 });
    const property = fc.asyncProperty(cuts, async (places) => {
      const borders = [0, ...places.sort((a, b) => a - b), bytes.length];
      const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
      assert.deepEqual(await read(chunks), whole);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("that are too long are rejected without being kept, and the next one is read", async () => {
    const limit = event.json.length + 40;
    const long = Array.from({ length: 100 }, () => " ".repeat(100));
    const found = await read([...long, `\n${event.json}\n`, " ".repeat(limit + 1)], limit);
    assert.deepEqual(reasons(found), ["1: the line is too long", "3: the line is too long"]);
    assert.equal(found.length, 3);
    const exactly = event.json.padEnd(limit - (Buffer.byteLength(event.json) - event.json.length));
    assert.deepEqual(reasons(await read([exactly], limit)), []);
    assert.deepEqual(reasons(await read([`${exactly} `], limit)), ["1: the line is too long"]);
  });

  it("say what is wrong with them", async () => {
    const deep = "[".repeat(100_000);
    const wrong = ["nothing", "[]", '"a\0b"', deep, '{"id":1}', '{"id":"\\ud800"}'];
    const chunks = [`\ufeff${event.json}\n`, ...wrong.map((text) => `${text}\n`)];
    const bytes = [...chunks.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe, 0x0a])];
    assert.deepEqual(reasons(await read(bytes)), [
      "2: not JSON: column 1: expected a value",
      "3: event is not an object",
      "4: not JSON: column 1: expected a value",
      "5: not JSON",
      "6: id is not 64 lower-case hex digits",
      "7: id is not 64 lower-case hex digits",
      "8: not UTF-8",
    ]);
  });

  it("end when the user stops, though the input does not", async () => {
    const stop = new AbortController();
    const found: EventLine[] = [];
    for await (const lines of readEventLines(endless(), stop.signal, 1_000)) {
      found.push(...lines);
      setImmediate(() => stop.abort());
    }
    assert.deepEqual(
      found.map(({ number }) => number),
      [1],
    );
  });
});

/** One line, the beginning of another, and nothing ever after. */
async function* endless(): AsyncIterable<Uint8Array> {
  yield Buffer.from(`${event.json}\n${event.json}`);
  await new Promise(() => {});
}

async function read(
  chunks: readonly (string | Uint8Array)[],
  maxLength = 200_000,
): Promise<readonly EventLine[]> {
  const found: EventLine[] = [];
  for await (const lines of readEventLines(input(chunks), never, maxLength)) found.push(...lines);
  return found;
}

async function* input(chunks: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

function reasons(lines: readonly EventLine[]): readonly string[] {
  return lines.flatMap(({ number, event }) => (event.ok ? [] : [`${number}: ${event.reason}`]));
}
