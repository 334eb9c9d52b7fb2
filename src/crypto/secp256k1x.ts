/**
 * The group `secp256k1x` (SPEC, "Functions"): x-only public keys over whichever implementation of
 * the curve a provider has. What counts as an error is decided here, once, for all of them.
 */

import type { Group } from "../crypto.ts";
import { checkLength, orRangeError } from "./range.ts";

/** Scalar multiplication as curve libraries offer it. Both throw when an argument is not valid. */
export interface PointMultiplication {
  /** secretKey·G as a compressed point, 33 bytes. */
  base(secretKey: Uint8Array): Uint8Array;
  /** The x coordinate, 32 bytes, of secretKey·point; `point` is compressed. */
  shared(secretKey: Uint8Array, point: Uint8Array): Uint8Array;
}

export function secp256k1x(
  multiply: PointMultiplication,
  randomBytes: (length: number) => Uint8Array,
): Group {
  const publicKey = (secretKey: Uint8Array): Uint8Array => {
    checkLength("secret key", secretKey, 32);
    const point = orRangeError("secret key is not in 1..n-1", () => multiply.base(secretKey));
    return point.slice(1);
  };
  return {
    name: "secp256k1x",
    generateKeyPair() {
      // One draw in 2^128 is not a scalar and makes `publicKey` throw: nobody will see it.
      const secretKey = randomBytes(32);
      return { secretKey, publicKey: publicKey(secretKey) };
    },
    publicKey,
    dh(secretKey, peer) {
      checkLength("secret key", secretKey, 32);
      checkLength("public key", peer, 32);
      const reason = "public key is not on the curve, or secret key is not in 1..n-1";
      return orRangeError(reason, () => multiply.shared(secretKey, liftX(peer)));
    },
  };
}

/** The point of that x with even y, compressed (BIP-340, lift_x). Validity is the library's to say. */
function liftX(x: Uint8Array): Uint8Array {
  const point = new Uint8Array(33);
  point[0] = 2;
  point.set(x, 1);
  return point;
}
