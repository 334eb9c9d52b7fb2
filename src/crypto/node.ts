/**
 * The Node provider: the portable one with node:crypto and libsecp256k1 in its hot places. The
 * best implementation that loads is chosen once, here; `name` says which.
 */

import { createECDH, getCurves, hash, randomFillSync } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { CryptoProvider } from "../crypto.ts";
import { type AesGcmBinding, nativeAesGcm, opensslAesGcm } from "./aes-gcm.ts";
import { plain } from "./bytes.ts";
import { nobleCrypto } from "./noble.ts";
import { type HkdfBinding, nativeHkdf, opensslHkdf } from "./node-hkdf.ts";
import { verifyByRecovery, wasmSchnorr } from "./schnorr.ts";
import { type PointMultiplication, secp256k1x } from "./secp256k1x.ts";

export interface NodeCryptoOptions {
  /** Who multiplies points by secrets. Default: `native` if the package loads, else `openssl`. */
  readonly ecdh?: "native" | "openssl";
  /**
   * Who verifies signatures. Default: the first that loads. `native` leaves signing to `wasm`,
   * which leaves it to `noble` where it does not load.
   */
  readonly schnorr?: "native" | "wasm" | "noble";
  /** Who seals and opens. Default: `native` if our binding was built, else `openssl`. */
  readonly aesGcm?: "native" | "openssl";
  /** Who derives keys. Default: `native` if our binding was built, else `openssl`. */
  readonly hkdf?: "native" | "openssl";
}

/** Throws when an implementation that `options` names, or every one for ECDH, is missing. */
export function createNodeCrypto(options: NodeCryptoOptions = {}): CryptoProvider {
  // Only the binding itself: the package's root would fall back to elliptic, which is not constant time.
  const native = load<typeof import("secp256k1")>("secp256k1/bindings.js");
  const wasm =
    options.schnorr === "noble"
      ? undefined
      : load<typeof import("tiny-secp256k1")>("tiny-secp256k1");
  const { ecdh = native ? "native" : "openssl" } = options;
  const { schnorr = native ? "native" : wasm ? "wasm" : "noble" } = options;
  if (!native && (ecdh === "native" || schnorr === "native")) {
    throw new Error("secp256k1 has no native binding here");
  }
  if (!wasm && schnorr === "wasm") throw new Error("tiny-secp256k1 does not load here");
  const multiplication = native && ecdh === "native" ? nativeEcdh(native) : opensslEcdh();
  const { signSchnorr, verifySchnorr } = wasm ? wasmSchnorr(wasm, randomBytes) : nobleCrypto;
  const aesGcm = ours<AesGcmBinding>("aes_gcm", options.aesGcm);
  const hkdf = ours<HkdfBinding>("hkdf", options.hkdf);
  const names = { ecdh, schnorr, "aes-gcm": whose(aesGcm), hkdf: whose(hkdf) };
  const choices = Object.entries(names).map(([what, who]) => `${what} ${who}`);
  return {
    name: `node (${choices.join(", ")})`,
    // noble multiplies by secrets when it signs.
    constantTime: wasm !== undefined,
    secp256k1x: secp256k1x(multiplication, randomBytes),
    randomBytes,
    sha256,
    hashText: (text) => hash("sha256", text, "hex"),
    hkdfSha256: hkdf ? nativeHkdf(hkdf) : opensslHkdf,
    aes256gcm: aesGcm ? nativeAesGcm(aesGcm) : opensslAesGcm,
    verifySchnorr:
      native && schnorr === "native" ? verifyByRecovery(native, verifySchnorr) : verifySchnorr,
    signSchnorr,
  };
}

const require: NodeJS.Require = createRequire(import.meta.url);

/** libsecp256k1's ECDH and key generation, constant time by its authors. */
function nativeEcdh(binding: typeof import("secp256k1")): PointMultiplication {
  binding.contextRandomize(randomBytes(32));
  const xbuf = new Uint8Array(32);
  const ybuf = new Uint8Array(32);
  const unhashed = { xbuf, ybuf, hashfn: (x: Uint8Array): Uint8Array => x };
  return {
    base: (secretKey) => binding.publicKeyCreate(secretKey),
    shared(secretKey, point) {
      const x = binding.ecdh(point, secretKey, unhashed, new Uint8Array(32));
      xbuf.fill(0);
      ybuf.fill(0);
      return x;
    },
  };
}

/** OpenSSL's ECDH: a Montgomery ladder, constant time by its authors. */
function opensslEcdh(): PointMultiplication {
  if (!getCurves().includes("secp256k1")) throw new Error("this OpenSSL has no secp256k1");
  const keyed = (secretKey: Uint8Array) => {
    const ecdh = createECDH("secp256k1");
    ecdh.setPrivateKey(secretKey);
    return ecdh;
  };
  return {
    base: (secretKey) => plain(keyed(secretKey).getPublicKey(null, "compressed")),
    shared: (secretKey, point) => plain(keyed(secretKey).computeSecret(point)),
  };
}

/** Compiled by native/install.js; from `dist` the way there is the same in the package and in the repository. */
function ours<T>(name: string, choice: "native" | "openssl" | undefined): T | undefined {
  if (choice === "openssl") return undefined;
  const path = new URL(`../../../src/crypto/native/build/Release/${name}.node`, import.meta.url);
  const binding = load<T>(fileURLToPath(path));
  if (choice === "native" && !binding) throw new Error(`the native ${name} is not built`);
  return binding;
}

function whose(native: object | undefined): "native" | "openssl" {
  return native ? "native" : "openssl";
}

function load<T>(specifier: string): T | undefined {
  try {
    return require(specifier);
  } catch {
    return undefined; // Not installed, or not built for this machine.
  }
}

function randomBytes(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length));
}

function sha256(data: Uint8Array): Uint8Array {
  // Through a string, because a Buffer made by OpenSSL's side costs twice the whole hash.
  return plain(Buffer.from(hash("sha256", data, "binary"), "binary"));
}
