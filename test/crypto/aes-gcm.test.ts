/** Our native AES-GCM: whatever it is called with, it answers or throws, and writes nowhere else. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type AesGcmBinding, nativeAesGcm, opensslAesGcm } from "../../src/crypto/aes-gcm.ts";

const RUNS = process.env["SLOW"] ? 2_000 : 100;

describe("the native AES-GCM", { skip: binding() ? false : "not built here" }, () => {
  const { seal, open } = binding() ?? assert.fail();
  const key = new Uint8Array(32).fill(1);
  const nonce = new Uint8Array(12);
  const none = new Uint8Array(0);

  it("agrees with OpenSSL's own interface, either way round", () => {
    const bytes = fc.uint8Array({ maxLength: 5_000 });
    const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const property = fc.property(fixed(32), fixed(12), bytes, bytes, (secret, iv, ad, text) => {
      if (!binding()) return;
      const native = nativeAesGcm({ seal, open })(secret);
      const openssl = opensslAesGcm(secret);
      const sealed = native.seal(iv, text, ad);
      assert.deepEqual(sealed, openssl.seal(iv, text, ad));
      assert.deepEqual(openssl.open(iv, sealed, ad), text);
      assert.deepEqual(native.open(iv, sealed, ad), text);
      sealed[sealed.length >> 1] = (sealed[sealed.length >> 1] ?? 0) ^ 1;
      assert.equal(native.open(iv, sealed, ad), undefined);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("throws for what is not bytes", () => {
    const detached = new Uint8Array(32);
    structuredClone(detached, { transfer: [detached.buffer] });
    const wrong: unknown[] = [
      undefined,
      null,
      1,
      "key",
      {},
      [],
      new Uint16Array(16),
      new DataView(new ArrayBuffer(32)),
      new ArrayBuffer(32),
      Symbol("key"),
      detached,
    ];
    for (const value of wrong) {
      for (let position = 0; position < 5; position++) {
        if (value === detached && position > 1) continue; // empty, which data may be
        const args: unknown[] = [key, nonce, none, new Uint8Array(16), new Uint8Array(32)];
        args[position] = value;
        assert.throws(() => Reflect.apply(seal, undefined, args), TypeError);
        assert.throws(() => Reflect.apply(open, undefined, args), TypeError);
      }
    }
    assert.throws(() => Reflect.apply(seal, undefined, []), TypeError);
    assert.throws(() => Reflect.apply(open, undefined, [key, nonce]), TypeError);
  });

  it("throws for wrong lengths and touches no byte outside of the output", () => {
    const property = fc.property(fc.nat(64), fc.nat(64), (input, output) => {
      const around = new Uint8Array(output + 32).fill(7);
      const target = around.subarray(16, 16 + output);
      const run = (): void => seal(key, nonce, none, new Uint8Array(input), target);
      if (output === input + 16) run();
      else assert.throws(run, RangeError);
      const opening = (): boolean => open(key, nonce, none, new Uint8Array(input), target);
      if (input === output + 16) assert.equal(opening(), false);
      else assert.throws(opening, RangeError);
      assert.ok(around.subarray(0, 16).every((byte) => byte === 7));
      assert.ok(around.subarray(16 + output).every((byte) => byte === 7));
    });
    fc.assert(property, { numRuns: RUNS });
    for (const [wrongKey, wrongNonce] of [
      [31, 12],
      [33, 12],
      [32, 11],
      [32, 13],
      [0, 0],
    ]) {
      const args = [new Uint8Array(wrongKey ?? 0), new Uint8Array(wrongNonce ?? 0)] as const;
      assert.throws(() => seal(...args, none, none, new Uint8Array(16)), TypeError);
      assert.throws(() => open(...args, none, new Uint8Array(16), none), TypeError);
    }
  });

  it("leaves nothing of a forged frame behind", () => {
    const sealed = new Uint8Array(116);
    seal(key, nonce, none, new Uint8Array(100).fill(9), sealed);
    sealed[115] = (sealed[115] ?? 0) ^ 1;
    const plaintext = new Uint8Array(100).fill(5);
    assert.equal(open(key, nonce, none, sealed, plaintext), false);
    assert.deepEqual(plaintext, new Uint8Array(100));
  });

  it("forgets the key that it was told to forget", () => {
    const aead = nativeAesGcm({ seal, open })(key);
    aead.destroy();
    assert.throws(() => aead.seal(nonce, none, none), /destroyed/);
    assert.throws(() => aead.open(nonce, new Uint8Array(16), none), /destroyed/);
  });
});

function binding(): AesGcmBinding | undefined {
  const path = new URL("../../../src/crypto/native/build/Release/aes_gcm.node", import.meta.url);
  try {
    return createRequire(import.meta.url)(fileURLToPath(path));
  } catch {
    return undefined;
  }
}
