import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { findJsonError } from "../../../src/server/config/json-error.ts";

const RUNS = process.env["SLOW"] ? 100_000 : 1_000;

describe("findJsonError", () => {
  const broken: readonly (readonly [
    text: string,
    line: number,
    column: number,
    expected: string,
  ])[] = [
    ["", 1, 1, "a value"],
    ["nope", 1, 1, "a value"],
    ["{", 1, 2, 'a name in double quotes or "}"'],
    ["{a: 1}", 1, 2, 'a name in double quotes or "}"'],
    ['{"a" 1}', 1, 6, '":"'],
    ['{"a": 1\n "b": 2}', 2, 2, '"," or the closing bracket'],
    ['{"a": 1,\n}', 2, 1, "a name in double quotes"],
    ["[1, 2,]", 1, 7, "a value"],
    ["[1 2]", 1, 4, '"," or the closing bracket'],
    ["[1}", 1, 3, '"," or the closing bracket'],
    ["[}", 1, 2, 'a value or "]"'],
    ['{"a": // no\n1}', 1, 7, "a value"],
    ['{"a": "x\ny"}', 1, 7, "a value"],
    ["{} {}", 1, 4, "the end of the file"],
    ["\n\n  tru", 3, 3, "a value"],
  ];
  for (const [text, line, column, expected] of broken) {
    it(`finds the break in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(findJsonError(text), { line, column, expected });
    });
  }

  it("agrees with JSON.parse on what is JSON", () => {
    const piece = fc.constantFrom(
      ...["{", "}", "[", "]", ",", ":", '"a"', '"\\u00e9"', '"\\x"', '"\u0085"', '"\u0001"'],
      ...["1", "-0.5e+3", "01", "-", "true", "null", "nul", " ", "\n", "\u00a0"],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
      fc.json(),
      fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([json, at, noise]) => {
        const cut = at % (json.length + 1);
        return json.slice(0, cut) + noise + json.slice(cut + noise.length);
      }),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        assert.equal(findJsonError(candidate) === undefined, isJson(candidate));
      }),
      { numRuns: RUNS },
    );
  });

  it("bears a text that is deeply nested", () => {
    const depth = 100_000;
    assert.equal(findJsonError("[".repeat(depth) + "]".repeat(depth)), undefined);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
