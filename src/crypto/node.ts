/**
 * The Node provider: the portable one with OpenSSL and libsecp256k1 in its hot places. The best
 * implementation that loads is chosen once, here; `name` says which.
 */

import { hash } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { CryptoProvider } from "../crypto.ts";
import { type AesGcm, type AesGcmBinding, nativeAesGcm, opensslAesGcm } from "./aes-gcm.ts";
import { plain } from "./bytes.ts";
import { bundledEcdh, type EcdhBinding, opensslEcdh, systemEcdh } from "./ecdh.ts";
import { nobleCrypto } from "./noble.ts";
import { type Hkdf, type HkdfBinding, nativeHkdf, opensslHkdf } from "./node-hkdf.ts";
import { randomBytes } from "./random.ts";
import {
  type Schnorr,
  type SchnorrBinding,
  systemSchnorr,
  verifyByRecovery,
  wasmSchnorr,
} from "./schnorr.ts";
import { type PointMultiplication, secp256k1x } from "./secp256k1x.ts";

/** Every choice defaults to the first of its names that loads, in this order. */
export interface NodeCryptoOptions {
  /**
   * Who multiplies points by secrets: libsecp256k1 as the `system` has it, or as the package
   * `secp256k1` has it `bundled`; `openssl`.
   */
  readonly ecdh?: "system" | "bundled" | "openssl";
  /**
   * Who signs and verifies. `bundled` only verifies, and leaves signing to `wasm`, which leaves it
   * to `noble` where it does not load.
   */
  readonly schnorr?: "system" | "bundled" | "wasm" | "noble";
  /** Who seals and opens: our `native` binding to OpenSSL, or `openssl` by node:crypto. */
  readonly aesGcm?: "native" | "openssl";
  /** Who derives keys: the same two. */
  readonly hkdf?: "native" | "openssl";
}

/** Throws when an implementation that `options` names, or every one for ECDH, is missing. */
export function createNodeCrypto(options: NodeCryptoOptions = {}): CryptoProvider {
  const ecdh = choose<PointMultiplication>("ecdh", options.ecdh, {
    system: () => whenLoaded(system(), systemEcdh),
    bundled: () => whenLoaded(bundled(), (binding) => bundledEcdh(binding, randomBytes)),
    openssl: opensslEcdh,
  });
  const schnorr = choose<Schnorr>("schnorr", options.schnorr, {
    system: () => whenLoaded(system(), (binding) => systemSchnorr(binding, randomBytes)),
    bundled: () =>
      whenLoaded(bundled(), (binding) => {
        const { signSchnorr, verifySchnorr } = portableSchnorr() ?? nobleCrypto;
        return { signSchnorr, verifySchnorr: verifyByRecovery(binding, verifySchnorr) };
      }),
    wasm: portableSchnorr,
    noble: () => nobleCrypto,
  });
  const aesGcm = choose<AesGcm>("aes-gcm", options.aesGcm, {
    native: () => whenLoaded(built<AesGcmBinding>("aes_gcm"), nativeAesGcm),
    openssl: () => opensslAesGcm,
  });
  const hkdf = choose<Hkdf>("hkdf", options.hkdf, {
    native: () => whenLoaded(built<HkdfBinding>("hkdf"), nativeHkdf),
    openssl: () => opensslHkdf,
  });
  const { signSchnorr, verifySchnorr } = schnorr.part;
  return {
    name: `node (${[ecdh, schnorr, aesGcm, hkdf].map(({ label }) => label).join(", ")})`,
    // noble multiplies by secrets when it signs.
    constantTime: signSchnorr !== nobleCrypto.signSchnorr,
    secp256k1x: secp256k1x(ecdh.part, randomBytes),
    randomBytes,
    sha256,
    hashText: (text) => hash("sha256", text, "hex"),
    hkdfSha256: hkdf.part,
    aes256gcm: aesGcm.part,
    verifySchnorr,
    signSchnorr,
  };
}

interface Choice<Part> {
  readonly label: string;
  readonly part: Part;
}

/** The one that is asked for, or else the first that is there: the others are not even loaded. */
function choose<Part>(
  what: string,
  asked: string | undefined,
  candidates: Readonly<Record<string, () => Part | undefined>>,
): Choice<Part> {
  for (const [who, make] of Object.entries(candidates)) {
    if (asked !== undefined && asked !== who) continue;
    const part = make();
    if (part) return { label: `${what} ${who}`, part };
  }
  throw new Error(`${what} ${asked ?? ""} does not load: it is not installed, or not built here`);
}

function whenLoaded<Binding, Part>(
  binding: Binding | undefined,
  make: (binding: Binding) => Part,
): Part | undefined {
  return binding && make(binding);
}

function system(): (EcdhBinding & SchnorrBinding) | undefined {
  return built("secp256k1");
}

/** Only the binding itself: the package's root would fall back to elliptic, which is not constant time. */
function bundled(): typeof import("secp256k1") | undefined {
  return load("secp256k1/bindings.js");
}

function portableSchnorr(): Schnorr | undefined {
  const wasm = load<typeof import("tiny-secp256k1")>("tiny-secp256k1");
  return wasm && wasmSchnorr(wasm, randomBytes);
}

/** Compiled by native/install.js; from `dist` the way there is the same in the package and in the repository. */
function built<Binding>(name: string): Binding | undefined {
  const path = new URL(`../../../src/crypto/native/build/Release/${name}.node`, import.meta.url);
  return load(fileURLToPath(path));
}

const require: NodeJS.Require = createRequire(import.meta.url);

function load<Binding>(specifier: string): Binding | undefined {
  try {
    return require(specifier);
  } catch {
    return undefined; // Not installed, or not built for this machine.
  }
}

function sha256(data: Uint8Array): Uint8Array {
  // Through a string, because a Buffer made by OpenSSL's side costs twice the whole hash.
  return plain(Buffer.from(hash("sha256", data, "binary"), "binary"));
}
