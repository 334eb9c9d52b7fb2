import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { pack } from "./pack.ts";

const texts = fc.array(fc.string({ unit: "binary", maxLength: 20 }), { maxLength: 20 });

it("texts come out as they went in", () => {
  fc.assert(
    fc.property(texts, (each) => {
      assert.deepEqual([...pack(each)], each);
      assert.equal(pack(each).length, each.length);
    }),
  );
});

it("the first few are the first few", () => {
  fc.assert(
    fc.property(texts, fc.nat(25), (each, count) => {
      const first = pack(each).first(count);
      assert.deepEqual([...first], each.slice(0, count));
      assert.equal(first.length, Math.min(count, each.length));
    }),
  );
});

it("a byte order mark is part of a text", () => {
  assert.deepEqual([...pack(["\ufeffa", "\ufeff"])], ["\ufeffa", "\ufeff"]);
});
