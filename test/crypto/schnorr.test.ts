/** Every verifier of BIP-340 signatures against the others, where they could differ. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { Point } from "@noble/secp256k1";
import fc from "fast-check";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import { type KeyRecovery, type Verify, verifyByRecovery } from "../../src/crypto/schnorr.ts";

const RUNS = process.env["SLOW"] ? 1_000 : 20;
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
const FIELD = 2n ** 256n - 2n ** 32n - 977n;

const binding = loadBinding();
const system = systemVerify();
const wasm = createNodeCrypto({ schnorr: "wasm" }).verifySchnorr;
const noble = nobleCrypto.verifySchnorr;
const never: Verify = () => assert.fail("the other verifier was asked");
const recovery = binding && verifyByRecovery(binding, wasm);
const verifiers = [system, recovery, wasm, noble].filter((verify) => verify !== undefined);

if (!system) it.skip("the system's verifier: our binding to it is not built here");

describe("verifiers agree", () => {
  it("on signatures that were made for the key, and changed afterwards", () => {
    const change = fc.record({ part: fc.nat(2), at: fc.nat(31), bit: fc.nat(7) });
    const property = fc.property(
      scalars(),
      bytes32(),
      change,
      (secretKey, message, { part, at, bit }) => {
        const { signature, publicKey } = signed(secretKey, message);
        assert.equal(verdict(signature, message, publicKey), true);
        const parts = [signature.slice(), message.slice(), publicKey.slice()] as const;
        const changed = parts[part] ?? assert.fail();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        assert.equal(verdict(...parts), false);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });

  it("on random bytes", () => {
    const property = fc.property(bytes32(), bytes32(), bytes32(), bytes32(), (r, s, message, x) => {
      assert.equal(verdict(concat(r, s), message, x), false);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("on keys that our binding keeps in the same place, in any order, with one that is none", () => {
    const [first, second] = withLastBitsAlike();
    // Not below the field's order, so nobody's key; it ends as the others do.
    const broken = Uint8Array.from(first.publicKey, (byte, at) => (at < 30 ? 0xff : byte));
    for (const { publicKey: key } of [first, second, first, second, second]) {
      for (const { signature, message, publicKey } of [first, second]) {
        assert.equal(verdict(signature, message, key), key === publicKey);
        assert.equal(verdict(signature, message, broken), false);
      }
    }
  });

  it("on numbers at the borders of what is allowed", () => {
    const borders = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, FIELD - 1n, FIELD, 2n ** 256n - 1n];
    const key = bytesOf(Point.BASE.x);
    const message = bytesOf(7n);
    const { signature } = signed(1n, message);
    const values = [...borders.map(bytesOf), key, signature.slice(0, 32), signature.slice(32)];
    for (const r of values) {
      for (const s of values) {
        const isSignature = r === values.at(-2) && s === values.at(-1);
        assert.equal(verdict(concat(r, s), message, key), isSignature);
      }
    }
    for (const x of borders) assert.equal(verdict(signature, message, bytesOf(x)), false);
  });

  it("that a point R with an odd y is refused", () => {
    const property = fc.property(scalars(), scalars(), bytes32(), (k, secretKey, message) => {
      const { signature, publicKey } = signed(secretKey, message, k, "odd");
      assert.equal(verdict(signature, message, publicKey), false);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("that R at infinity is refused, whatever r says", () => {
    const property = fc.property(scalars(), bytes32(), bytes32(), (secretKey, r, message) => {
      const { d, x } = evenKey(secretKey);
      const s = (challenge(r, x, message) * d) % ORDER;
      assert.equal(verdict(concat(r, bytesOf(s)), message, x), false);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("on s = 0", () => {
    const property = fc.property(scalars(), bytes32(), bytes32(), (secretKey, r, message) => {
      assert.equal(verdict(concat(r, bytesOf(0n)), message, evenKey(secretKey).x), false);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});

describe("verification by recovery", { skip: binding ? false : "no native binding" }, () => {
  const alone = verifyByRecovery(binding ?? assert.fail(), never);

  it("needs no other verifier for keys below the group's order", () => {
    const message = bytesOf(5n);
    const { signature, publicKey } = signed(3n, message);
    assert.equal(alone(signature, message, publicKey), true);
    assert.equal(alone(signature, message, bytesOf(ORDER - 1n)), false);
  });

  it("leaves keys from the group's order on to the other verifier, and believes it", () => {
    const { signature } = signed(3n, bytesOf(5n));
    for (const x of [ORDER, ORDER + 1n, FIELD - 1n, FIELD, 2n ** 256n - 1n]) {
      for (const answer of [true, false]) {
        const args = [signature, bytesOf(5n), bytesOf(x)] as const;
        const verify = verifyByRecovery(binding ?? assert.fail(), (...given) => {
          assert.deepEqual(given, args);
          return answer;
        });
        assert.equal(verify(...args), answer);
      }
    }
  });

  it("keeps nothing from one call to the next, and leaves its arguments alone", () => {
    const message = bytesOf(5n);
    const { signature, publicKey } = signed(3n, message);
    const copies = [signature, message, publicKey].map((bytes) => bytes.slice());
    assert.equal(alone(new Uint8Array(64), message, publicKey), false);
    assert.equal(alone(signature, message, bytesOf(0n)), false);
    assert.equal(alone(signature.subarray(1), message, publicKey), false);
    assert.equal(alone(signature, message, publicKey), true);
    assert.deepEqual([signature, message, publicKey], copies);
  });
});

/** What all verifiers say. */
function verdict(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const verdicts = verifiers.map((verify) => verify(signature, message, publicKey));
  assert.equal(
    new Set(verdicts).size,
    1,
    `${verdicts}: ${[signature, message, publicKey].map(hexOf)}`,
  );
  return verdicts[0] === true;
}

/** BIP-340's signing with a nonce that is handed in, whose point may be left odd. */
/** Two signatures whose keys end in the same twelve bits. */
function withLastBitsAlike(): readonly [Signed, Signed] {
  const found = new Map<number, Signed>();
  const message = bytesOf(7n);
  for (let secretKey = 1n; ; secretKey++) {
    const { x } = Point.BASE.multiply(secretKey);
    const place = Number(x & 0xfffn);
    const other = found.get(place);
    if (other) return [other, { message, ...signed(secretKey, message) }];
    found.set(place, { message, ...signed(secretKey, message) });
  }
}

type Signed = ReturnType<typeof signed> & { readonly message: Uint8Array };

function signed(
  secretKey: bigint,
  message: Uint8Array,
  nonce = secretKey + 1n,
  parity: "even" | "odd" = "even",
): { signature: Uint8Array; publicKey: Uint8Array } {
  const { d, x } = evenKey(secretKey);
  const { d: evenNonce, x: r } = evenKey(nonce);
  const k = parity === "even" ? evenNonce : ORDER - evenNonce;
  const s = (k + challenge(r, x, message) * d) % ORDER;
  return { signature: concat(r, bytesOf(s)), publicKey: x };
}

/** The scalar or its negative, whichever has a point with an even y, and that point's x. */
function evenKey(scalar: bigint): { d: bigint; x: Uint8Array } {
  const point = Point.BASE.multiply(scalar).toAffine();
  return { d: point.y % 2n === 0n ? scalar : ORDER - scalar, x: bytesOf(point.x) };
}

function challenge(r: Uint8Array, x: Uint8Array, message: Uint8Array): bigint {
  const tag = nobleCrypto.sha256(Buffer.from("BIP0340/challenge"));
  return BigInt(`0x${hexOf(nobleCrypto.sha256(concat(tag, tag, r, x, message)))}`) % ORDER;
}

function scalars(): fc.Arbitrary<bigint> {
  return fc.bigInt({ min: 1n, max: ORDER - 2n });
}

function bytes32(): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: 32, maxLength: 32 });
}

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function systemVerify(): Verify | undefined {
  try {
    return createNodeCrypto({ schnorr: "system" }).verifySchnorr;
  } catch {
    return undefined;
  }
}

function loadBinding(): KeyRecovery | undefined {
  try {
    return createRequire(import.meta.url)("secp256k1/bindings.js");
  } catch {
    return undefined;
  }
}
