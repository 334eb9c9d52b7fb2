/**
 * What every `CryptoProvider` must do, by published vectors where there are any. A provider of
 * one's own is tested by calling `conformance` with it.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import type { CryptoProvider } from "../../src/crypto.ts";
import {
  type AesGcmTest,
  bip340,
  conversationKeys,
  type EcdhTest,
  type HkdfTest,
  hex,
  RFC_5869,
  wycheproof,
} from "./published.ts";

export function conformance(name: string, provider: CryptoProvider): void {
  describe(`${name}: aes256gcm`, () => aeadCases(provider));
  describe(`${name}: secp256k1x`, () => groupCases(provider));
  describe(`${name}: hashes and randomness`, () => hashCases(provider));
  describe(`${name}: schnorr`, () => schnorrCases(provider));
}

const NONE: Uint8Array = new Uint8Array(0);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const FIELD = 2n ** 256n - 2n ** 32n - 977n;
const GENERATOR_X = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

function aeadCases(provider: CryptoProvider): void {
  it("agrees with Wycheproof", () => {
    let valid = 0;
    let invalid = 0;
    for (const test of wycheproof<AesGcmTest>("aes_gcm_test.json")) {
      const aead = provider.aes256gcm(hex(test.key));
      const [nonce, aad, sealed] = [hex(test.iv), hex(test.aad), hex(test.ct + test.tag)];
      if (test.result === "valid") {
        valid++;
        equal(aead.seal(nonce, hex(test.msg), aad), sealed, test);
        equal(aead.open(nonce, sealed, aad), hex(test.msg), test);
      } else {
        invalid++;
        assert.equal(aead.open(nonce, sealed, aad), undefined, JSON.stringify(test));
      }
    }
    assert.deepEqual([valid, invalid], [39, 27]);
  });

  const key = Uint8Array.from({ length: 32 }, (_, index) => index);
  const nonce = new Uint8Array(12);

  for (const size of [0, 1, 15, 16, 17, 65_519]) {
    it(`opens what it sealed, ${size} bytes, and nothing else`, () => {
      const aead = provider.aes256gcm(key);
      const plaintext = Uint8Array.from({ length: size }, (_, index) => index % 251);
      const sealed = aead.seal(nonce, plaintext, key);
      assert.equal(sealed.length, size + 16);
      equal(aead.open(nonce, sealed, key), plaintext);
      assert.equal(aead.open(nonce, sealed, NONE), undefined);
      assert.equal(aead.open(key.subarray(0, 12), sealed, key), undefined);
      assert.equal(provider.aes256gcm(new Uint8Array(32)).open(nonce, sealed, key), undefined);
      for (const position of [0, size >> 1, size, size + 15]) {
        assert.equal(aead.open(nonce, flipped(sealed, position), key), undefined);
      }
      assert.equal(aead.open(nonce, sealed.subarray(1), key), undefined);
      equal(sealed, aead.seal(nonce, plaintext, key));
    });
  }

  it("opens nothing shorter than a tag", () => {
    const aead = provider.aes256gcm(key);
    for (let size = 0; size <= 16; size++) {
      assert.equal(aead.open(nonce, new Uint8Array(size), NONE), undefined);
    }
  });

  it("refuses keys and nonces of other lengths", () => {
    for (const size of [0, 16, 24, 31, 33]) {
      assert.throws(() => provider.aes256gcm(new Uint8Array(size)), RangeError);
    }
    const aead = provider.aes256gcm(key);
    const sealed = aead.seal(nonce, key, NONE);
    for (const size of [0, 8, 11, 13, 16]) {
      assert.throws(() => aead.seal(new Uint8Array(size), key, NONE), RangeError);
      assert.throws(() => aead.open(new Uint8Array(size), sealed, NONE), RangeError);
    }
  });

  it("keeps its own copy of the key", () => {
    const original = new Uint8Array(key);
    const aead = provider.aes256gcm(original);
    original.fill(0);
    equal(aead.seal(nonce, key, NONE), provider.aes256gcm(key).seal(nonce, key, NONE));
    const buffer = Buffer.from(key);
    const fromBuffer = provider.aes256gcm(buffer);
    fromBuffer.destroy();
    equal(new Uint8Array(buffer), key);
  });

  it("throws after destroy, for good", () => {
    const aead = provider.aes256gcm(key);
    const sealed = aead.seal(nonce, key, NONE);
    aead.destroy();
    aead.destroy();
    assert.throws(() => aead.seal(nonce, key, NONE), /destroyed/);
    assert.throws(() => aead.open(nonce, sealed, NONE), /destroyed/);
    assert.throws(() => aead.open(nonce, NONE, NONE), /destroyed/);
  });
}

function groupCases(provider: CryptoProvider): void {
  const { secp256k1x } = provider;

  it("agrees with Wycheproof", () => {
    let agreed = 0;
    let refused = 0;
    for (const test of wycheproof<EcdhTest>("ecdh_secp256k1_test.json")) {
      const secretKey = scalar(BigInt(`0x${test.private}`));
      const x = xOfDer(test.public);
      if (test.result !== "invalid") {
        agreed++;
        equal(secp256k1x.dh(secretKey, x), hex(test.shared), test);
      } else if (!isOnCurve(x)) {
        refused++;
        assert.throws(() => secp256k1x.dh(secretKey, x), RangeError, JSON.stringify(test));
      } // Else only y is wrong, and an x-only key has none.
    }
    assert.deepEqual([agreed, refused], [475, 16]);
  });

  it("agrees with NIP-44", () => {
    const { valid, invalid } = conversationKeys();
    for (const test of valid) {
      const shared = secp256k1x.dh(hex(test.sec1), hex(test.pub2));
      const extracted = createHmac("sha256", "nip44-v2").update(shared).digest("hex");
      assert.equal(extracted, test.conversation_key);
    }
    for (const test of invalid) {
      assert.throws(() => secp256k1x.dh(hex(test.sec1), hex(test.pub2)), RangeError, test.note);
    }
  });

  it("knows the generator, whatever the parity of y", () => {
    for (const one of [1n, ORDER - 1n]) {
      assert.equal(toHex(secp256k1x.publicKey(scalar(one))), GENERATOR_X);
      assert.equal(toHex(secp256k1x.dh(scalar(one), hex(GENERATOR_X))), GENERATOR_X);
    }
    assert.equal(secp256k1x.name, "secp256k1x");
  });

  it("takes scalars with leading zeros and gives 32 bytes", () => {
    for (const bits of [0n, 7n, 8n, 120n, 247n, 248n]) {
      const secretKey = scalar(1n << bits);
      const publicKey = secp256k1x.publicKey(secretKey);
      assert.equal(publicKey.length, 32);
      equal(secp256k1x.dh(secretKey, hex(GENERATOR_X)), publicKey);
    }
  });

  it("refuses scalars outside 1..n-1", () => {
    for (const bad of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      assert.throws(() => secp256k1x.publicKey(scalar(bad)), RangeError);
      assert.throws(() => secp256k1x.dh(scalar(bad), hex(GENERATOR_X)), RangeError);
    }
  });

  it("refuses x that are no x of the curve", () => {
    for (const bad of [0n, 5n, FIELD, FIELD + 1n, 2n ** 256n - 1n]) {
      assert.throws(() => secp256k1x.dh(scalar(1n), scalar(bad)), RangeError);
    }
  });

  it("refuses other lengths", () => {
    for (const size of [0, 31, 33, 64, 65]) {
      const bytes = new Uint8Array(size).fill(2);
      assert.throws(() => secp256k1x.publicKey(bytes), RangeError);
      assert.throws(() => secp256k1x.dh(bytes, hex(GENERATOR_X)), RangeError);
      assert.throws(() => secp256k1x.dh(scalar(1n), bytes), RangeError);
    }
  });

  it("makes a new key pair every time, for both ends to agree on", () => {
    const a = secp256k1x.generateKeyPair();
    const b = secp256k1x.generateKeyPair();
    assert.notEqual(toHex(a.secretKey), toHex(b.secretKey));
    equal(secp256k1x.publicKey(a.secretKey), a.publicKey);
    equal(secp256k1x.dh(a.secretKey, b.publicKey), secp256k1x.dh(b.secretKey, a.publicKey));
  });

  it("takes each key for itself, whichever came before", () => {
    const one = scalar(1n);
    const other = secp256k1x.publicKey(scalar(2n));
    const none = scalar(0n);
    const base = hex(GENERATOR_X);
    for (const key of [none, other, other, none, other, none, none, base, other, base]) {
      if (key === none) assert.throws(() => secp256k1x.dh(one, key), RangeError);
      else equal(secp256k1x.dh(one, key), key);
    }
  });

  it("gives results that the caller owns", () => {
    const { secretKey, publicKey } = secp256k1x.generateKeyPair();
    const first = secp256k1x.dh(secretKey, publicKey);
    const copy = new Uint8Array(first);
    first.fill(0);
    equal(secp256k1x.dh(secretKey, publicKey), copy);
    equal(secp256k1x.publicKey(secretKey), publicKey);
  });
}

function hashCases(provider: CryptoProvider): void {
  it("hkdfSha256 agrees with RFC 5869", () => {
    for (const { salt, inputKey, info, output } of RFC_5869) {
      const derived = provider.hkdfSha256(salt, inputKey, info, output.length);
      equal(derived, output);
    }
  });

  it("hkdfSha256 agrees with Wycheproof", () => {
    for (const test of wycheproof<HkdfTest>("hkdf_sha256_test.json")) {
      const derive = () =>
        provider.hkdfSha256(hex(test.salt), hex(test.ikm), hex(test.info), test.size);
      if (test.result === "valid") equal(derive(), hex(test.okm), test);
      else assert.throws(derive, JSON.stringify(test));
    }
  });

  it("hkdfSha256 takes an empty input key, as Noise's Split does", () => {
    const salt = new Uint8Array(32).fill(1);
    const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
      createHmac("sha256", key).update(Buffer.concat(parts)).digest();
    const extracted = hmac(salt);
    const first = hmac(extracted, Uint8Array.of(1));
    const second = hmac(extracted, first, Uint8Array.of(2));
    const derived = provider.hkdfSha256(salt, NONE, NONE, 64);
    equal(derived, new Uint8Array(Buffer.concat([first, second])));
  });

  it("sha256 agrees with FIPS 180-4", () => {
    const digest = (text: string) => toHex(provider.sha256(Buffer.from(text)));
    assert.equal(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert.equal(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert.equal(
      digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
  });

  it("hashText hashes a text's UTF-8", () => {
    for (const text of ["", "abc", '[0,"é\u0001😀"]']) {
      assert.equal(provider.hashText(text), toHex(provider.sha256(Buffer.from(text))));
    }
  });

  it("gives plain byte arrays, whose slice copies", () => {
    const key = new Uint8Array(32).fill(1);
    const nonce = new Uint8Array(12);
    const aead = provider.aes256gcm(key);
    const sealed = aead.seal(nonce, key, NONE);
    const results = [
      provider.sha256(key),
      provider.randomBytes(8),
      provider.hkdfSha256(key, key, key, 32),
      sealed,
      aead.open(nonce, sealed, NONE),
      provider.secp256k1x.publicKey(key),
      provider.secp256k1x.dh(key, hex(GENERATOR_X)),
      provider.signSchnorr(key, key),
    ];
    for (const result of results) {
      assert.equal(Object.getPrototypeOf(result), Uint8Array.prototype);
    }
  });

  it("randomBytes gives what was asked for, and not twice", () => {
    for (const size of [0, 1, 32, 1_000, 1_024, 1_025, 5_000]) {
      assert.equal(provider.randomBytes(size).length, size);
    }
    // Sizes that meet the end of whatever a provider keeps in store; ten bytes repeat by no chance.
    const draws = Array.from({ length: 700 }, (_, index) =>
      provider.randomBytes(10 + (index % 23)),
    );
    const beginnings = new Set(draws.map((bytes) => toHex(bytes.subarray(0, 10))));
    const ends = new Set(draws.map((bytes) => toHex(bytes.subarray(-10))));
    assert.deepEqual([beginnings.size, ends.size], [700, 700]);
  });
}

function schnorrCases(provider: CryptoProvider): void {
  it("verifies as BIP-340 says, for 32-byte messages", () => {
    const tests = bip340();
    assert.equal(tests.length, 19);
    for (const { index, publicKey, message, signature, valid } of tests) {
      // Nostr signs ids: 32 bytes. Rows 15 to 18 have other lengths, and no provider takes those.
      const expected = valid && message.length === 64;
      const verdict = provider.verifySchnorr(hex(signature), hex(message), hex(publicKey));
      assert.equal(verdict, expected, `row ${index}`);
    }
  });

  it("signs what verifies under the key and under nothing else", () => {
    const { secretKey, publicKey } = provider.secp256k1x.generateKeyPair();
    const message = provider.sha256(publicKey);
    const signature = provider.signSchnorr(message, secretKey);
    assert.equal(signature.length, 64);
    assert.equal(provider.verifySchnorr(signature, message, publicKey), true);
    for (const position of [0, 31, 32, 63]) {
      assert.equal(provider.verifySchnorr(flipped(signature, position), message, publicKey), false);
    }
    assert.equal(provider.verifySchnorr(signature, flipped(message, 5), publicKey), false);
    assert.equal(provider.verifySchnorr(signature, message, hex(GENERATOR_X)), false);
  });

  it("signs with fresh randomness and leaves its arguments alone", () => {
    const secretKey = scalar(ORDER - 2n);
    const message = new Uint8Array(32);
    const first = provider.signSchnorr(message, secretKey);
    assert.notEqual(toHex(first), toHex(provider.signSchnorr(message, secretKey)));
    assert.equal(toHex(secretKey), toHex(scalar(ORDER - 2n)));
  });

  it("refuses to sign with what is no scalar, and messages that are no hash", () => {
    const message = new Uint8Array(32);
    for (const bad of [0n, ORDER, 2n ** 256n - 1n]) {
      assert.throws(() => provider.signSchnorr(message, scalar(bad)), RangeError);
    }
    assert.throws(() => provider.signSchnorr(message, new Uint8Array(31)), RangeError);
    for (const size of [0, 31, 33]) {
      assert.throws(() => provider.signSchnorr(new Uint8Array(size), scalar(1n)), RangeError);
    }
  });

  it("answers false to wrong lengths, and never throws", () => {
    const message = new Uint8Array(32);
    const publicKey = hex(GENERATOR_X);
    const signature = provider.signSchnorr(message, scalar(1n));
    assert.equal(provider.verifySchnorr(signature, message, publicKey), true);
    for (const size of [0, 31, 33, 63, 65]) {
      const wrong = new Uint8Array(size);
      assert.equal(provider.verifySchnorr(wrong, message, publicKey), false);
      assert.equal(provider.verifySchnorr(signature, wrong, publicKey), false);
      assert.equal(provider.verifySchnorr(signature, message, wrong), false);
    }
    assert.equal(provider.verifySchnorr(signature, message, signature), false);
  });
}

/** The x coordinate in a DER public key whose last field is a SEC 1 point. */
function xOfDer(der: string): Uint8Array {
  const bytes = hex(der);
  return bytes.slice(24, 56); // After the header (23 bytes) and the form byte, compressed or not.
}

/** Euler's criterion on x³ + 7: the curve equation, told without any curve library. */
function isOnCurve(bytes: Uint8Array): boolean {
  const x = BigInt(`0x${toHex(bytes)}`);
  if (x >= FIELD) return false;
  let base = (x ** 3n + 7n) % FIELD;
  let result = 1n;
  for (let exponent = (FIELD - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % FIELD;
    base = (base * base) % FIELD;
  }
  return result <= 1n;
}

function scalar(value: bigint): Uint8Array {
  return hex(value.toString(16).padStart(64, "0"));
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  return bytes.map((byte, index) => (index === position ? byte ^ 1 : byte));
}

function equal(actual: Uint8Array | undefined, expected: Uint8Array, context?: unknown): void {
  assert.ok(actual, `nothing came back: ${JSON.stringify(context)}`);
  assert.equal(toHex(actual), toHex(expected), context ? JSON.stringify(context) : undefined);
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
