import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lines } from "../../../src/policy/plugin/lines.ts";

type Line = readonly [text: string, isWhole: boolean];

function split(max: number, chunks: readonly Buffer[]): readonly Line[] {
  const taken: Line[] = [];
  const lines = new Lines(max, (text, isWhole) => void taken.push([text, isWhole]));
  for (const chunk of chunks) lines.push(chunk);
  lines.end();
  return taken;
}

test("lines do not depend on how their bytes arrive", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "🌍", "\n"), maxLength: 40 });
  const cuts = fc.array(fc.nat(100), { maxLength: 5 });
  fc.assert(
    fc.property(text, cuts, (text, cuts) => {
      const bytes = Buffer.from(text);
      const ends = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      const lines = text.split("\n");
      if (lines.at(-1) === "") lines.pop();
      assert.deepEqual(
        split(200, chunks),
        lines.map((line) => [line, true]),
      );
    }),
    { numRuns: process.env["SLOW"] ? 10_000 : 200 },
  );
});

test("a line of the bound is whole; of a longer one only the beginning is taken, once", () => {
  const lines = ["four", "fives", "x".repeat(1_000), "ok"].join("\n");
  const expected = [
    ["four", true],
    ["five", false],
    ["xxxx", false],
    ["ok", true],
  ];
  assert.deepEqual(split(4, [Buffer.from(lines)]), expected);
  const bytes = [...Buffer.from(lines)].map((byte) => Buffer.from([byte]));
  assert.deepEqual(split(4, bytes), expected);
});

test("a long line is reported before it ends", () => {
  const taken: Line[] = [];
  const lines = new Lines(4, (text, isWhole) => void taken.push([text, isWhole]));
  lines.push(Buffer.from("fives"));
  assert.deepEqual(taken, [["five", false]]);
});
