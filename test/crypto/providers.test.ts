/** Every provider through the one suite, and all of them against each other. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import { createNodeCrypto, type NodeCryptoOptions } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import { conformance } from "./conformance.ts";

const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
const FIELD = 2n ** 256n - 2n ** 32n - 977n;
const BORDERS = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, FIELD - 1n, FIELD, 2n ** 256n - 1n].map(
  (value) => new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex")),
);
const RUNS = process.env["SLOW"] ? 500 : 8;

const CHOICES = {
  ecdh: ["system", "bundled", "openssl"],
  schnorr: ["system", "bundled", "wasm", "noble"],
  aesGcm: ["native", "openssl"],
  hkdf: ["native", "openssl"],
} as const;

const best = createNodeCrypto();
const worst = createNodeCrypto({
  ecdh: "openssl",
  schnorr: "noble",
  aesGcm: "openssl",
  hkdf: "openssl",
});
const wasm = createNodeCrypto({ schnorr: "wasm" });
// What has to be compiled is optional.
const system = tryToCreate({ ecdh: "system", schnorr: "system" });
const bundled = tryToCreate({ ecdh: "bundled", schnorr: "bundled" });
const providers = [nobleCrypto, worst, wasm, bundled, system].filter((each) => each !== undefined);

for (const provider of providers) conformance(provider.name, provider);
if (!system) it.skip("the system's libsecp256k1: our binding to it is not built here");
if (!bundled) it.skip("the bundled libsecp256k1: the package has no binary here");

describe("the choice of a Node provider", () => {
  it("takes the best that is present", () => {
    const first = (option: keyof typeof CHOICES) =>
      CHOICES[option].find((choice) => tryToCreate({ [option]: choice }));
    const options = ["ecdh", "schnorr", "aesGcm", "hkdf"] as const;
    const [ecdh, schnorr, aesGcm, hkdf] = options.map(first);
    const names = `ecdh ${ecdh}, schnorr ${schnorr}, aes-gcm ${aesGcm}, hkdf ${hkdf}`;
    assert.equal(best.name, `node (${names})`);
  });

  it("takes what it is told to, or says that it is missing", () => {
    for (const [option, choices] of Object.entries(CHOICES)) {
      const what = option === "aesGcm" ? "aes-gcm" : option;
      for (const choice of choices) {
        const create = () => createNodeCrypto({ [option]: choice });
        if (tryToCreate({ [option]: choice })) {
          assert.match(create().name, new RegExp(`\\b${what} ${choice}\\b`));
        } else {
          assert.throws(create, new RegExp(`^Error: ${what} ${choice} does not load`));
        }
      }
    }
    assert.equal(createNodeCrypto({ ecdh: "openssl", schnorr: "wasm" }).constantTime, true);
  });

  it("claims constant time only where every secret scalar has it", () => {
    for (const provider of [best, wasm, bundled, system]) {
      assert.equal(provider?.constantTime ?? true, true);
    }
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
  // Half of all numbers are no x of the curve, but hardly one is a border.
  const numbers = fc.oneof({ weight: 3, arbitrary: bytes(32) }, fc.constantFrom(...BORDERS));

  it("on shared secrets, and on what is no key", () => {
    const property = fc.property(numbers, numbers, (secretKey, x) => {
      const outcomes = providers.map((provider) =>
        attempt(() => provider.secp256k1x.dh(secretKey, x)),
      );
      assert.equal(new Set(outcomes).size, 1, outcomes.join(" "));
    });
    fc.assert(property, { numRuns: RUNS * 2 });
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

function tryToCreate(options: NodeCryptoOptions): CryptoProvider | undefined {
  try {
    return createNodeCrypto(options);
  } catch {
    return undefined;
  }
}

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
