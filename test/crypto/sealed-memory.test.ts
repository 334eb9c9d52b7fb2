import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { allocate, giveBack } from "../../src/crypto/sealed-memory.ts";

const LONG = 40_000;
const LONGEST = 65_536;

/** Or given back, and whether twice. */
const step = fc.record({
  length: fc.oneof(fc.nat(5_000), fc.nat(20_000), fc.integer({ min: 32_000, max: 70_000 })),
  fate: fc.constantFrom("kept", "kept", "back", "back twice"),
});

describe("memory for what is sealed", () => {
  it("is nobody else's until it has been given back", () => {
    const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const ours: { readonly bytes: Uint8Array; readonly mark: number }[] = [];
      for (const [index, { length, fate }] of steps.entries()) {
        const bytes = allocate(length);
        assert.equal(bytes.length, length);
        const mark = index + 1;
        bytes.fill(mark);
        if (fate === "kept") ours.push({ bytes, mark });
        else giveBack(bytes);
        if (fate === "back twice") giveBack(bytes);
      }
      for (const { bytes, mark } of ours) assert.ok(bytes.every((byte) => byte === mark));
      for (const { bytes } of ours) giveBack(bytes);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it("is used again, and then as long as it is needed", () => {
    const first = allocate(LONG);
    giveBack(first);
    const second = allocate(LONGEST);
    assert.equal(second.buffer, first.buffer);
    assert.equal(second.length, LONGEST);
  });

  it("is taken back once, and only what was allocated here", () => {
    const [first, foreign] = [allocate(LONG), new Uint8Array(LONGEST)];
    for (const bytes of [first, first, first.slice(), foreign]) giveBack(bytes);
    const next = Array.from({ length: 3 }, () => allocate(LONG).buffer);
    assert.equal(next.filter((buffer) => buffer === first.buffer).length, 1);
    assert.ok(!next.includes(foreign.buffer));
  });

  it("is not hoarded", () => {
    const many = Array.from({ length: 1_000 }, () => allocate(LONG));
    for (const bytes of many) giveBack(bytes);
    const before = new Set<ArrayBufferLike>(many.map(({ buffer }) => buffer));
    const again = Array.from({ length: 1_000 }, () => allocate(LONG).buffer);
    const reused = again.filter((buffer) => before.has(buffer)).length;
    assert.ok(reused > 0 && reused <= 100, `${reused} of 1,000 were kept`);
  });
});
