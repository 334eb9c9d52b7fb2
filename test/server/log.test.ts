import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Clock } from "../../src/clock.ts";
import type { LogFields, LogLevel } from "../../src/log.ts";
import { lineLog, printable } from "../../src/server/log.ts";

const clock: Clock = {
  now: () => Date.UTC(2026, 10, 23, 5, 41, 57) / 1000,
  after: () => () => {},
};

describe("lineLog", () => {
  it("writes time, level, event and fields", () => {
    const fields = { address: "nostr+ws://npub1x@[::1]:7777/a", connections: 3, secure: true };
    assert.equal(
      logged("relay listening", fields),
      "2026-11-23T05:41:57.000Z info relay listening address=nostr+ws://npub1x@[::1]:7777/a connections=3 secure=true\n",
    );
  });

  it("leaves out fields without a value", () => {
    assert.equal(logged("x", { a: undefined, b: "" }), '2026-11-23T05:41:57.000Z info x b=""\n');
  });

  const values: readonly (readonly [string, string])[] = [
    ["plain", "plain"],
    ["two words", '"two words"'],
    ["a=b", '"a=b"'],
    ['say "x"', '"say \\"x\\""'],
    ["back\\slash", '"back\\\\slash"'],
    ["line\nforged", '"line\\nforged"'],
    ["\u001b[2J", '"\\u001b[2J"'],
    ["\u009b2J", '"\\u009b2J"'],
    ["\u202egpj", '"\\u202egpj"'],
    ["\u2028", '"\\u2028"'],
    ["\ud800", '"\\ud800"'],
    ["\u{e0041}", '"\\u{e0041}"'],
    ["grüße", '"grüße"'],
  ];
  for (const [value, written] of values) {
    it(`writes ${JSON.stringify(value)} as ${written}`, () => {
      assert.equal(logged("x", { v: value }), `2026-11-23T05:41:57.000Z info x v=${written}\n`);
    });
  }

  it("lets no value begin a line or pass for a field", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const line = logged("x", { v: value });
        assert.match(line, /^[^\p{C}\p{Zl}\p{Zp}]*\n$/u);
        assert.match(line, /^\S+ info x v=("([^"\\]|\\.)*"|[^\s"=\\]+)\n$/u);
      }),
    );
  });

  it("writes what is important enough", () => {
    const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
    for (const [index, least] of levels.entries()) {
      const lines: string[] = [];
      const log = lineLog({ level: least, clock, write: (line) => lines.push(line) });
      for (const level of levels) log(level, "x");
      assert.deepEqual(
        lines.map((line) => line.split(" ")[1]),
        levels.slice(index),
      );
    }
  });
});

describe("printable", () => {
  it("escapes what would move a cursor and nothing else", () => {
    assert.equal(printable('a "b" \\ é\t\r\n\u007f'), 'a "b" \\ é\\u0009\\u000d\\u000a\\u007f');
  });
});

function logged(event: string, fields: LogFields): string {
  const lines: string[] = [];
  lineLog({ level: "info", clock, write: (line) => lines.push(line) })("info", event, fields);
  assert.equal(lines.length, 1);
  return lines.join("");
}
