/**
 * Who multiplies points by secrets on Node: libsecp256k1, the system's or the copy that the package
 * `secp256k1` bundles, or OpenSSL. All of them are constant time by their authors.
 */

import { createECDH, getCurves } from "node:crypto";
import type { CryptoProvider } from "../crypto.ts";
import { plain } from "./bytes.ts";
import type { PointMultiplication } from "./secp256k1x.ts";

/**
 * What `native/secp256k1.c` exports for ECDH. Both answer false, and never throw, when an argument
 * has a wrong length or is out of range.
 */
export interface EcdhBinding {
  /** Fills `point`, 33 bytes, compressed. */
  publicKey(secretKey: Uint8Array, point: Uint8Array): boolean;
  /** Fills `x`, 32 bytes, with the x coordinate of secretKey·point; `point` is compressed. */
  ecdh(secretKey: Uint8Array, point: Uint8Array, x: Uint8Array): boolean;
}

export function systemEcdh(binding: EcdhBinding): PointMultiplication {
  return {
    base(secretKey) {
      const point = new Uint8Array(33);
      if (!binding.publicKey(secretKey, point)) throw new RangeError("not a scalar");
      return point;
    },
    shared(secretKey, point) {
      const x = new Uint8Array(32);
      if (!binding.ecdh(secretKey, point, x)) throw new RangeError("not a scalar, or not a point");
      return x;
    },
  };
}

export function bundledEcdh(
  binding: typeof import("secp256k1"),
  randomBytes: CryptoProvider["randomBytes"],
): PointMultiplication {
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

/** A Montgomery ladder. Undefined where OpenSSL was built without this curve. */
export function opensslEcdh(): PointMultiplication | undefined {
  if (!getCurves().includes("secp256k1")) return undefined;
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
