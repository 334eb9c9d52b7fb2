/** Every suite runs, in a dose that says nothing about speed: so that the benchmarks do not rot. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Line, parseLines, suitesOf } from "./report/results.ts";

const RUN: string = fileURLToPath(new URL("./run.js", import.meta.url));
/** Suites, with what leaves out the rows that take long for no more to be seen. */
const SUITES = [
  ["ingest"],
  ["queries"],
  ["import"],
  ["fan-out", "--row", "on 100 connections"],
  ["connect"],
  ["channel"],
  ["idle"],
  ["cores"],
  ["overload"],
  ["scale", "--scale", "1000"],
  ["seal"],
] as const;

const data: string = mkdtempSync(join(tmpdir(), "npubwire-bench-smoke-"));
after(() => rmSync(data, { recursive: true }));

for (const [name, ...rows] of SUITES) {
  test(`suite ${name} measures something in each row`, async () => {
    const [measured] = suitesOf(await bench("--suite", name, ...rows));
    assert.equal(measured?.suite.suite, name);
    assert.ok(measured.figures.length > 0);
    for (const { row, column, operations, value, headline } of measured.figures) {
      assert.ok(operations > 0, `${row}, ${column}`);
      // Where nobody can tell, as with memory on some systems, there is none.
      assert.ok(value === undefined || Number.isFinite(value), `${row}, ${column}: ${headline}`);
    }
  });
}

test("other relays in Node are measured beside ours", async () => {
  const [measured] = suitesOf(await bench("--suite", "ingest", "--peers", "--row", "8 conn"));
  assert.ok(measured?.figures.some(({ column }) => column === "@nostr-relay/core"));
});

test("nobody can order a suite that there is not", async () => {
  await assert.rejects(
    bench("--suite", "nonsense"),
    /no suite nonsense; there are ingest, queries/,
  );
});

async function bench(...args: readonly string[]): Promise<readonly Line[]> {
  const few = ["--quick", "--dose", "0.01", "--scale", "500", "--data", data];
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...few, ...args]);
  return parseLines(stdout.slice(0, stdout.indexOf("\n\n") + 1));
}
