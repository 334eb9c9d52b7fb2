import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { selfSigned } from "./certificate.ts";
import { digits, type Figure, figureOf, median } from "./figures.ts";
import { answer, payloadOf, pushRequest } from "./peers/answer.ts";
import { runRounds } from "./rounds.ts";
import type { Case } from "./suite.ts";
import { grid } from "./table.ts";

test("a median is the middle, and unknown if any value is", () => {
  assert.equal(median([3, 1, 20]), 3);
  assert.equal(median([4, 1, 2, 20]), 3);
  assert.equal(median([1, undefined, 2]), undefined);
  assert.equal(median([]), undefined);
});

test("rounds are interleaved, the warm-up is not counted, CPU time is per operation", async () => {
  const runs: string[] = [];
  const make = (column: string, operations: number): Case => {
    let used = 0;
    return {
      row: "row",
      column,
      unit: "message",
      // As if every run took 100 µs.
      peer: { cpu: async () => used },
      async run(milliseconds) {
        runs.push(`${column} ${milliseconds}`);
        used += 100;
        return operations;
      },
    };
  };
  const cases = [make("a", 50), make("b", 10)];
  const measured = await runRounds(cases, {
    rounds: 2,
    milliseconds: 8,
    warmUp: 4,
    progress: () => {},
  });
  assert.deepEqual(runs, ["a 4", "b 4", "a 8", "b 8", "a 8", "b 8"]);
  const [a, b] = measured.map((each) => figureOf("suite", each));
  assert.deepEqual(a?.cpuMicrosByRound, [2, 2]);
  assert.equal(a.operations, 100);
  assert.equal(b?.cpuMicros, 10);
});

test("a table has a row a case and an empty cell where a column lacks it", () => {
  const figure = (row: string, column: string, cpuMicros: number): Figure => ({
    suite: "suite",
    row,
    column,
    unit: "message",
    cpuMicros,
    cpuMicrosByRound: [cpuMicros],
    rate: 1,
    busy: undefined,
    generatorBusy: undefined,
    generatorMicros: undefined,
    operations: 1,
  });
  const figures = [figure("x", "ws", 1.234), figure("x", "wss", 1234.5), figure("y", "wss", 0)];
  assert.equal(
    grid(figures, ({ cpuMicros }) => digits(cpuMicros)),
    [
      "|  | ws | wss |",
      "| --- | ---: | ---: |",
      "| x (per message) | 1.23 | 1,235 |",
      "| y (per message) |  | 0 |",
    ].join("\n"),
  );
});

test("echo servers answer with as many texts of the size that was asked for", () => {
  const sent: string[] = [];
  answer(pushRequest(3, 300), (text) => sent.push(text), []);
  assert.deepEqual(sent, Array(3).fill(payloadOf(300)));
  assert.equal(payloadOf(300).length, 300);
  answer("[]", (text) => sent.push(text), []);
  assert.equal(sent.at(-1), "[]");
});

test("the certificate is one: self-signed, for its key, valid now", () => {
  const { key, certificate } = selfSigned("localhost");
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.subject, "CN=localhost");
  assert.ok(parsed.verify(parsed.publicKey));
  assert.match(key, /BEGIN PRIVATE KEY/);
  assert.ok(Date.parse(parsed.validFrom) < Date.now() && Date.now() < Date.parse(parsed.validTo));
});
