/** Each numbered rule of the project's sheet of relay semantics has a test in the conformance suite. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const SUITE = new URL("test/relay/conformance/", ROOT);
/** Outside of the repository; the rules are known without it. */
const SHEET = new URL("../shared/reference/relay-semantics.md", ROOT);
const RULES = Array.from({ length: 40 }, (_, n) => n + 1);

/** The numbers in the titles of tests: `rule 5: …`, `rules 8 and 9: …`. */
function covered(): ReadonlySet<number> {
  const titles = readdirSync(SUITE).flatMap((file) => {
    const source = readFileSync(new URL(file, SUITE), "utf8");
    return [...source.matchAll(/test\(\s*["`]rules? ([\d and,]+):/g)].map(([, list = ""]) => list);
  });
  return new Set(titles.flatMap((list) => list.match(/\d+/g) ?? []).map(Number));
}

test("every rule is covered by its number", () => {
  const numbers = covered();
  assert.deepEqual(
    RULES.filter((rule) => !numbers.has(rule)),
    [],
  );
});

test("the sheet has no other rules", { skip: existsSync(SHEET) ? false : "no sheet here" }, () => {
  const [, list = ""] = readFileSync(SHEET, "utf8").split(/^## Where implementations go wrong$/m);
  const numbers = [...list.matchAll(/^(\d+)\. /gm)].map(([, digits]) => Number(digits));
  assert.deepEqual(numbers, RULES);
});
