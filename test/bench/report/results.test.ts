import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLines, parseLines, renew, suitesOf } from "./results.ts";
import { figureLine, machineLine, suiteLine } from "./sample-lines.ts";

test("results survive being written and read", () => {
  const lines = [machineLine, suiteLine("a", "note"), figureLine("a", "row", "npubwire", 1)];
  assert.deepEqual(parseLines(formatLines(lines)), lines);
});

test("a run renews what it has measured and leaves the rest", () => {
  const old = [
    machineLine,
    suiteLine("a", "ours"),
    figureLine("a", "row", "npubwire", 1),
    suiteLine("b"),
    figureLine("b", "row", "npubwire", 2),
  ];
  const peer = figureLine("a", "row", "strfry", 9);
  const renewed = renew(old, [
    { ...machineLine, date: "2026-02-02T00:00:00.000Z" },
    suiteLine("a", "a peer's"),
    peer,
    figureLine("a", "row", "npubwire", 5),
  ]);
  const [a, b] = suitesOf(renewed);
  assert.deepEqual(a?.suite.notes, ["ours", "a peer's"]);
  assert.deepEqual(
    a.figures.map(({ column, value }) => [column, value]),
    [
      ["npubwire", 5],
      ["strfry", 9],
    ],
  );
  assert.deepEqual(
    b?.figures.map(({ value }) => value),
    [2],
  );
});

test("figures of two machines never stand side by side", () => {
  const other = { ...machineLine, cpu: "Slide rule" };
  assert.throws(() => renew([machineLine], [other]), /another machine: Abacus/);
});
