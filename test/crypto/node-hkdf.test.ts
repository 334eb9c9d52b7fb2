/** Our native HKDF: whatever it is called with, it answers or throws, and writes nowhere else. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type HkdfBinding, nativeHkdf, opensslHkdf } from "../../src/crypto/node-hkdf.ts";

const RUNS = process.env["SLOW"] ? 2_000 : 100;

describe("the native HKDF", { skip: binding() ? false : "not built here" }, () => {
  const { hkdf } = binding() ?? assert.fail();
  const none = new Uint8Array(0);

  it("agrees with node:crypto's HMAC, at any length", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const property = fc.property(bytes, bytes, bytes, fc.nat(8_160), (salt, key, info, length) => {
      const native = nativeHkdf({ hkdf });
      assert.deepEqual(native(salt, key, info, length), opensslHkdf(salt, key, info, length));
    });
    fc.assert(property, { numRuns: RUNS });
    assert.throws(() => nativeHkdf({ hkdf })(none, none, none, 8_161), RangeError);
    assert.throws(() => hkdf(none, none, none, new Uint8Array(8_161)), RangeError);
  });

  it("forgets the last key: an empty one is not taken for it", () => {
    const derived = (salt: Uint8Array) => nativeHkdf({ hkdf })(salt, none, none, 32);
    derived(new Uint8Array(32).fill(7));
    assert.deepEqual(derived(none), opensslHkdf(none, none, none, 32));
  });

  it("throws for what is not bytes", () => {
    const wrong = [undefined, null, 1, "key", {}, [], new Uint16Array(16), new ArrayBuffer(32)];
    for (const value of wrong) {
      for (let position = 0; position < 4; position++) {
        const args: unknown[] = [none, none, none, new Uint8Array(32)];
        args[position] = value;
        assert.throws(() => Reflect.apply(hkdf, undefined, args), TypeError);
      }
    }
    assert.throws(() => Reflect.apply(hkdf, undefined, [none, none, none]), TypeError);
  });

  it("touches no byte outside of the output", () => {
    for (const length of [0, 1, 31, 32, 33, 64, 100]) {
      const around = new Uint8Array(length + 64).fill(7);
      hkdf(none, none, none, around.subarray(32, 32 + length));
      assert.ok(around.subarray(0, 32).every((byte) => byte === 7));
      assert.ok(around.subarray(32 + length).every((byte) => byte === 7));
    }
  });
});

function binding(): HkdfBinding | undefined {
  const path = new URL("../../../src/crypto/native/build/Release/hkdf.node", import.meta.url);
  try {
    return createRequire(import.meta.url)(fileURLToPath(path));
  } catch {
    return undefined;
  }
}
