import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { selfSigned } from "./certificate.ts";
import { digits, figureOf, latencies, median } from "./figures.ts";
import { answer, payloadOf, pushRequest } from "./peers/answer.ts";
import { runRounds } from "./rounds.ts";
import type { Case } from "./suite.ts";

test("a median is the middle, and unknown if any value is", () => {
  assert.equal(median([3, 1, 20]), 3);
  assert.equal(median([4, 1, 2, 20]), 3);
  assert.equal(median([1, undefined, 2]), undefined);
  assert.equal(median([]), undefined);
});

test("figures keep three digits that count", () => {
  const written = [0, 0.012345, 1.234, 99.94, 1234.5].map(digits);
  assert.deepEqual(written, ["0", "0.0123", "1.23", "99.9", "1,235"]);
  assert.equal(digits(undefined), "–");
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
      peer: { cpu: async () => used, residentBytes: () => undefined },
      prepare: () => void runs.push(`prepare ${column}`),
      async run(milliseconds) {
        runs.push(`${column} ${milliseconds}`);
        used += 100;
        return { operations, measures: { "p99 ms": milliseconds } };
      },
    };
  };
  const cases = [make("a", 50), make("b", 10)];
  const measured = await runRounds(cases, {
    rounds: 2,
    milliseconds: 8,
    warmUp: 4,
    progress: () => {},
    calm: undefined,
  });
  const inOrder = ["a 4", "b 4", "a 8", "b 8", "a 8", "b 8"];
  assert.deepEqual(
    runs,
    inOrder.flatMap((run) => [`prepare ${run.charAt(0)}`, run]),
  );
  const [a, b] = measured.map((each) => figureOf("suite", each));
  assert.deepEqual(a?.cpuMicrosByRound, [2, 2]);
  assert.equal(a.operations, 100);
  assert.equal(b?.cpuMicros, 10);
  assert.equal(b.value, 10);
  assert.deepEqual(b.measures, { "p99 ms": 8 });
});

test("a row may be about another measure than CPU time", () => {
  const sample = { operations: 1, seconds: 1, cpu: 7, generatorCpu: 1 };
  const item = {
    row: "row",
    column: "a",
    unit: "event",
    headline: "median ms",
    peer: undefined,
    run: async () => ({ operations: 1 }),
  };
  const samples = [1, 9, 3].map((ms) => ({ ...sample, measures: { "median ms": ms } }));
  const figure = figureOf("suite", { case: item, samples });
  assert.equal(figure.value, 3);
  assert.equal(figure.cpuMicros, 7);
});

test("disturbed rounds count only where all were", () => {
  const item = {
    row: "row",
    column: "a",
    unit: "event",
    peer: undefined,
    run: async () => ({ operations: 1 }),
  };
  const figures = [
    [false, true, true],
    [true, true, true],
    [undefined, undefined, undefined],
  ].map((disturbed) => {
    const samples = [7, 9, 20].map((cpu, index) => {
      const isDisturbed = disturbed[index];
      const measures = { "median ms": 10 * cpu };
      const sample = { operations: 1, seconds: 1, cpu, generatorCpu: 1, measures };
      return isDisturbed === undefined ? sample : { ...sample, isDisturbed };
    });
    return figureOf("suite", { case: item, samples });
  });
  const seen = figures.map((each) => [
    each.value,
    each.measures["median ms"],
    each.disturbedRounds,
  ]);
  assert.deepEqual(seen, [
    [7, 70, 2],
    [9, 90, 3],
    [9, 90, undefined],
  ]);
  assert.deepEqual(figures[0]?.cpuMicrosByRound, [7, 9, 20]);
  assert.equal(figures[0].operations, 3);
});

test("latencies are what half, and 99 of 100, stay below", () => {
  const milliseconds = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.deepEqual(latencies(milliseconds), { "median ms": 101, "p99 ms": 199 });
  assert.deepEqual(latencies([5]), { "median ms": 5, "p99 ms": 5 });
  assert.deepEqual(latencies([]), {});
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
