/** Every provider through the one suite, and all of them against each other. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import { conformance } from "./conformance.ts";

const RUNS = process.env["SLOW"] ? 500 : 8;

const best = createNodeCrypto();
const worst = createNodeCrypto({
  ecdh: "openssl",
  schnorr: "noble",
  aesGcm: "openssl",
  hkdf: "openssl",
});
const wasm = createNodeCrypto({ schnorr: "wasm" });
const providers = [nobleCrypto, worst, wasm, best];
// What has to be compiled is optional.
const native = best.name.includes("ecdh native");
const aesGcm = best.name.includes("aes-gcm native") ? "native" : "openssl";
const hkdf = best.name.includes("hkdf native") ? "native" : "openssl";

for (const provider of providers) conformance(provider.name, provider);

describe("the choice of a Node provider", () => {
  it("takes the best that is present", () => {
    const ecdh = native ? "native" : "openssl";
    const schnorr = native ? "native" : "wasm";
    const own = `aes-gcm ${aesGcm}, hkdf ${hkdf}`;
    assert.equal(best.name, `node (ecdh ${ecdh}, schnorr ${schnorr}, ${own})`);
    assert.equal(createNodeCrypto({ ecdh, schnorr, aesGcm, hkdf }).name, best.name);
  });

  it("takes OpenSSL where it is told to, or the native package is missing", () => {
    const own = { aesGcm: "openssl", hkdf: "openssl" } as const;
    const openssl = createNodeCrypto({ ecdh: "openssl", schnorr: "wasm", ...own });
    const names = "ecdh openssl, schnorr wasm, aes-gcm openssl, hkdf openssl";
    assert.equal(openssl.name, `node (${names})`);
    assert.equal(openssl.constantTime, true);
    if (!native) {
      assert.throws(() => createNodeCrypto({ ecdh: "native" }), /no native binding/);
      assert.throws(() => createNodeCrypto({ schnorr: "native" }), /no native binding/);
    }
    if (aesGcm !== "native") {
      assert.throws(() => createNodeCrypto({ aesGcm: "native" }), /not built/);
    }
    if (hkdf !== "native") {
      assert.throws(() => createNodeCrypto({ hkdf: "native" }), /not built/);
    }
  });

  it("claims constant time only where every secret scalar has it", () => {
    assert.equal(best.constantTime, true);
    assert.equal(worst.name, "node (ecdh openssl, schnorr noble, aes-gcm openssl, hkdf openssl)");
    assert.equal(worst.constantTime, false);
    assert.equal(nobleCrypto.constantTime, false);
  });

  it("never loads elliptic, which is not constant time", () => {
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    assert.ok(loaded.some((path) => path.includes("tiny-secp256k1")));
    assert.deepEqual(
      loaded.filter((path) => /[\\/]elliptic(\.js|[\\/])/.test(path)),
      [],
    );
  });
});

describe("providers agree", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

  it("on shared secrets, and on what is no key", () => {
    const property = fc.property(bytes(32), bytes(32), (secretKey, x) => {
      const outcomes = providers.map((provider) =>
        attempt(() => provider.secp256k1x.dh(secretKey, x)),
      );
      assert.equal(new Set(outcomes).size, 1, outcomes.join(" "));
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("on public keys and signatures", () => {
    const property = fc.property(bytes(32), bytes(32), fc.nat(63), (secretKey, message, at) => {
      const keys = providers.map((provider) =>
        attempt(() => provider.secp256k1x.publicKey(secretKey)),
      );
      assert.equal(new Set(keys).size, 1, keys.join(" "));
      if (keys[0] === "RangeError") return;
      const publicKey = providers[0]?.secp256k1x.publicKey(secretKey) ?? assert.fail();
      for (const signer of providers) {
        const signature = signer.signSchnorr(message, secretKey);
        const forged = signature.map((byte, index) => (index === at ? byte ^ 0x80 : byte));
        for (const verifier of providers) {
          assert.equal(verifier.verifySchnorr(signature, message, publicKey), true);
          assert.equal(verifier.verifySchnorr(forged, message, publicKey), false);
        }
      }
    });
    fc.assert(property, { numRuns: Math.ceil(RUNS / 4) });
  });

  it("on what is sealed, derived and hashed", () => {
    const data = fc.uint8Array({ maxLength: 600 });
    const property = fc.property(bytes(32), bytes(12), data, data, (key, nonce, text, extra) => {
      const sealed = providers.map((provider) => provider.aes256gcm(key).seal(nonce, text, extra));
      const opened = providers.map((provider, index) =>
        provider.aes256gcm(key).open(nonce, sealed.at(index - 1) ?? assert.fail(), extra),
      );
      assert.deepEqual(opened, Array(providers.length).fill(text));
      const hashes = providers.map((provider) =>
        hexOf(provider.sha256(text), provider.hkdfSha256(extra, text, nonce, 70)),
      );
      assert.equal(new Set(hashes).size, 1);
      assert.equal(new Set(sealed.map((bytes) => hexOf(bytes))).size, 1);
    });
    fc.assert(property, { numRuns: RUNS * 4 });
  });
});

function attempt(compute: () => Uint8Array): string {
  try {
    return hexOf(compute());
  } catch (error) {
    return error instanceof Error ? error.name : "not an error";
  }
}

function hexOf(...parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString("hex");
}
