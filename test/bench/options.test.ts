import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLine } from "./options.ts";

test("without options everything is measured, three rounds over 100,000 events", () => {
  const { suites, rounds, dose, scale, url } = parseCommandLine([]);
  assert.deepEqual(
    { suites, rounds, dose, scale, url },
    {
      suites: [],
      rounds: 3,
      dose: 1,
      scale: 100_000,
      url: undefined,
    },
  );
});

test("--quick is less of everything, unless said otherwise", () => {
  const quick = parseCommandLine(["--quick", "--scale", "7"]);
  assert.equal(quick.rounds, 1);
  assert.ok(quick.dose < 1);
  assert.equal(quick.scale, 7);
});

test("another relay is measured by the suites that any relay can take", () => {
  assert.ok(parseCommandLine(["--url", "ws://x"]).suites.includes("ingest"));
  assert.deepEqual(parseCommandLine(["--url", "ws://x", "--suite", "idle"]).suites, ["idle"]);
});

test("what is no option or no number is refused", () => {
  assert.throws(() => parseCommandLine(["--nonsense"]), TypeError);
  assert.throws(() => parseCommandLine(["--scale", "many"]), /many is not a number/);
});
