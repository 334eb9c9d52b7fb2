/** Our binding to the system's libsecp256k1: whatever it is called with, it answers, and writes nowhere else. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import type { EcdhBinding } from "../../src/crypto/ecdh.ts";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import type { SchnorrBinding } from "../../src/crypto/schnorr.ts";
import { bip340, hex } from "./published.ts";

const RUNS = process.env["SLOW"] ? 500 : 20;
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
const FIELD = 2n ** 256n - 2n ** 32n - 977n;

describe("the binding to libsecp256k1", { skip: binding() ? false : "not built here" }, () => {
  const { verify, sign, publicKey, ecdh } = binding() ?? assert.fail();
  const message = bytesOf(7n);
  const secretKey = bytesOf(3n);
  const point = new Uint8Array(33);
  const signature = new Uint8Array(64);
  publicKey(secretKey, point);
  sign(message, secretKey, bytesOf(5n), signature);
  const key = point.slice(1);
  /** What each function takes, good for it; the functions without an output come to the same. */
  const calls: readonly (readonly [(...args: never[]) => boolean, readonly Uint8Array[]])[] = [
    [verify, [signature, message, key]],
    [sign, [message, secretKey, bytesOf(5n), new Uint8Array(64)]],
    [publicKey, [secretKey, new Uint8Array(33)]],
    [ecdh, [secretKey, point, new Uint8Array(32)]],
  ];

  it("signs as BIP-340's vectors do", () => {
    const tests = bip340().filter((test) => test.secretKey && test.message.length === 64);
    assert.equal(tests.length, 4);
    for (const test of tests) {
      const made = new Uint8Array(64);
      assert.equal(sign(hex(test.message), hex(test.secretKey), hex(test.auxiliary), made), true);
      assert.deepEqual(made, hex(test.signature), `row ${test.index}`);
    }
  });

  it("answers false to whatever is not bytes of the right length", () => {
    const detached = new Uint8Array(32);
    structuredClone(detached, { transfer: [detached.buffer] });
    const wrong: readonly unknown[] = [
      undefined,
      null,
      1,
      "bytes",
      {},
      [],
      new Uint8ClampedArray(32),
      new Int8Array(32),
      new Uint16Array(16),
      new DataView(new ArrayBuffer(32)),
      new ArrayBuffer(32),
      Symbol("bytes"),
      detached,
      ...[0, 1, 31, 34, 63, 65].map((length) => new Uint8Array(length)),
    ];
    for (const [call, good] of calls) {
      assert.equal(Reflect.apply(call, undefined, good), true);
      assert.equal(Reflect.apply(call, undefined, []), false);
      assert.equal(Reflect.apply(call, undefined, good.slice(1)), false);
      assert.equal(Reflect.apply(call, undefined, [...good, message]), false);
      for (const value of wrong) {
        for (let at = 0; at < good.length; at++) {
          const args = Object.assign([...good], { [at]: value });
          assert.equal(Reflect.apply(call, undefined, args), false);
        }
      }
    }
  });

  it("answers false to numbers that are no scalars, and bytes that are no points", () => {
    for (const bad of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n].map(bytesOf)) {
      assert.equal(publicKey(bad, new Uint8Array(33)), false);
      assert.equal(ecdh(bad, point, new Uint8Array(32)), false);
      assert.equal(sign(message, bad, message, new Uint8Array(64)), false);
    }
    for (const x of [0n, 5n, FIELD, FIELD + 1n, 2n ** 256n - 1n].map(bytesOf)) {
      assert.equal(ecdh(secretKey, Uint8Array.of(2, ...x), new Uint8Array(32)), false);
      assert.equal(verify(signature, message, x), false);
    }
    for (let form = 0; form < 256; form++) {
      const isCompressed = form === 2 || form === 3;
      const formed = Uint8Array.of(form, ...key);
      assert.equal(ecdh(secretKey, formed, new Uint8Array(32)), isCompressed);
    }
  });

  it("multiplies as portable code does, whatever the parity of y", () => {
    const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(bytesOf);
    const property = fc.property(scalar, scalar, (a, b) => {
      const [made, x] = [new Uint8Array(33), new Uint8Array(32)];
      assert.equal(publicKey(a, made), true);
      assert.deepEqual(made.slice(1), nobleCrypto.secp256k1x.publicKey(a));
      const shared = nobleCrypto.secp256k1x.dh(b, made.slice(1));
      for (const form of [2, 3]) {
        made[0] = form;
        assert.equal(ecdh(b, made, x), true);
        assert.deepEqual(x, shared);
      }
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("touches no byte outside of the output, and none of its arguments", () => {
    for (const [call, good] of calls.slice(1)) {
      const inputs = good.slice(0, -1);
      const copies = inputs.map((bytes) => bytes.slice());
      const length = good.at(-1)?.length ?? assert.fail();
      const around = new Uint8Array(length + 64).fill(7);
      const args = [...inputs, around.subarray(32, 32 + length)];
      assert.equal(Reflect.apply(call, undefined, args), true);
      assert.ok(around.subarray(0, 32).every((byte) => byte === 7));
      assert.ok(around.subarray(32 + length).every((byte) => byte === 7));
      assert.deepEqual(inputs, copies);
    }
  });

  it("loads in threads, and outlives them", async () => {
    for (let i = 0; i < 2; i++) {
      const workers = [1, 2].map(() => new Worker(new URL("./threads/system.js", import.meta.url)));
      for (const worker of workers) {
        worker.postMessage([message, secretKey]);
        const [[name, made]] = await once(worker, "message");
        assert.match(name, /schnorr system/);
        assert.equal(verify(made, message, key), true);
      }
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    assert.equal(verify(signature, message, key), true);
  });
});

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
}

function binding(): (EcdhBinding & SchnorrBinding) | undefined {
  const path = new URL("../../../src/crypto/native/build/Release/secp256k1.node", import.meta.url);
  try {
    return createRequire(import.meta.url)(fileURLToPath(path));
  } catch {
    return undefined;
  }
}
