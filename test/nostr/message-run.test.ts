import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { MessageRun } from "../../src/nostr/message-run.ts";

const text = fc.string({ maxLength: 40 });
const texts = fc.array(text, { maxLength: 30 });
const around = fc.string({ minLength: 1, maxLength: 10 });

it("runs hold every message once, in order, within their bound", () => {
  fc.assert(
    fc.property(texts, around, around, fc.integer({ min: 1, max: 400 }), (each, a, b, most) => {
      const messages = each.map((one) => `${a}${one}${b}`);
      const runs = [...MessageRun.of(each, a, b, most)];
      assert.deepEqual(
        runs.flatMap((run) => [...run]),
        messages,
      );
      for (const run of runs) {
        assert.equal(run.length, [...run].length);
        assert.equal(run.units, [...run].join("").length);
        assert(run.units <= most || run.length === 1);
      }
    }),
  );
});
