import assert from "node:assert/strict";
import { test } from "node:test";
import { chapter, withChapter } from "./chapter.ts";
import { figureLine, machineLine, suiteLine } from "./sample-lines.ts";
import { headlines, tables } from "./table.ts";

test("a table has a row a case and an empty cell where a column lacks it", () => {
  const figures = [
    figureLine("s", "x", "ws", 1.234),
    figureLine("s", "x", "wss", 1234.5),
    figureLine("s", "y", "wss", 7, { headline: "median ms" }),
  ];
  assert.equal(
    headlines(figures),
    [
      "|  | ws | wss |",
      "| --- | ---: | ---: |",
      "| x (µs of CPU per event) | 1.23 | 1,235 |",
      "| y (median ms) |  | 7.00 |",
    ].join("\n"),
  );
});

test("tables say how busy both ends were, and every other measure", () => {
  const measures = { "median ms": 3, "p99 ms": 20 };
  const others = { headline: "median ms", measures };
  const text = tables([
    machineLine,
    suiteLine("live", "a note"),
    figureLine("live", "flooded", "npubwire", 2),
    figureLine("live", "paced", "npubwire", 3, others),
  ]);
  assert.match(text, /^Abacus, 2 cores.*core 0, generator on core 1/s);
  assert.match(text, /## Title of live\n- a note\n/);
  assert.match(text, /\| flooded \(per event\) \| 500,000 \(99 %, 40 %\) \|/);
  assert.match(text, /p99 ms:\n\n\| {2}\| npubwire \|\n.*\n\| paced \| 20\.0 \|/);
  assert.doesNotMatch(text, /^median ms:/m, "the first table has it");
});

test("tables say in how many rounds a core was slowed down, where somebody looked", () => {
  const watched = (disturbedRounds: number | undefined) =>
    figureLine("live", "paced", `with ${disturbedRounds}`, 3, {
      cpuMicrosByRound: [3, 3, 4],
      disturbedRounds,
    });
  const suite = [machineLine, suiteLine("live")];
  const text = tables([...suite, watched(2), watched(0), watched(undefined)]);
  assert.match(text, /\n- in 2 of 6 rounds somebody else slowed a core down\n/);
  assert.doesNotMatch(tables([...suite, watched(undefined)]), /somebody/);
});

test("the chapter has a command for each table, our columns first, no suites about parts", () => {
  const text = chapter([
    machineLine,
    suiteLine("connect"),
    figureLine("connect", "handshake", "wss", 3),
    figureLine("connect", "handshake", "npubwire", 2),
    suiteLine("seal"),
    figureLine("seal", "seal 300 B", "noble", 1),
  ]);
  assert.match(text, /`npm run bench -- --suite connect`\n\n\| {2}\| npubwire \| wss \|/);
  assert.doesNotMatch(text, /noble/);
});

test("the chapter goes where README has its place, and nowhere else", () => {
  const marks = ["<!-- figures: npm run bench -- --readme -->", "<!-- end of figures -->"];
  const readme = `before\n${marks[0]}\nold\n${marks[1]}\nafter\n`;
  const renewed = withChapter(readme, "new\n");
  assert.equal(renewed, `before\n${marks[0]}\n\nnew\n\n${marks[1]}\nafter\n`);
  assert.equal(withChapter(renewed, "new\n"), renewed);
  assert.throws(() => withChapter("no place", "new"), RangeError);
});
