/**
 * Who signs and verifies (BIP-340) on Node: libsecp256k1 as the system has it, as WebAssembly, and
 * as a native build that has no BIP-340 but all that verifying takes.
 */

import { hash } from "node:crypto";
import type { CryptoProvider } from "../crypto.ts";
import { checkLength, orRangeError } from "./range.ts";

export type Schnorr = Pick<CryptoProvider, "verifySchnorr" | "signSchnorr">;
export type Verify = CryptoProvider["verifySchnorr"];

/**
 * What `native/secp256k1.c` exports of BIP-340. Both answer false, and never throw, when an argument
 * has a wrong length or is out of range.
 */
export interface SchnorrBinding {
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /** Fills `signature`, 64 bytes; `auxiliary` is 32 bytes of randomness. */
  sign(
    message: Uint8Array,
    secretKey: Uint8Array,
    auxiliary: Uint8Array,
    signature: Uint8Array,
  ): boolean;
}

export function systemSchnorr(
  binding: SchnorrBinding,
  randomBytes: CryptoProvider["randomBytes"],
): Schnorr {
  return {
    verifySchnorr: binding.verify,
    signSchnorr(message, secretKey) {
      checkLength("message", message, 32);
      const signature = new Uint8Array(64);
      const isSigned = binding.sign(message, secretKey, randomBytes(32), signature);
      if (!isSigned) throw new RangeError("secret key is not in 1..n-1");
      return signature;
    },
  };
}

/**
 * BIP-340 only. The module's point and tweak multiplication must never see a secret, for they are
 * not constant time; signing is generator multiplication, which is.
 */
export function wasmSchnorr(
  wasm: typeof import("tiny-secp256k1"),
  randomBytes: CryptoProvider["randomBytes"],
): Schnorr {
  return {
    verifySchnorr(signature, message, publicKey) {
      try {
        return wasm.verifySchnorr(message, publicKey, signature);
      } catch {
        return false; // Wrong lengths, and numbers that are out of range, throw.
      }
    },
    signSchnorr(message, secretKey) {
      checkLength("message", message, 32);
      return orRangeError("secret key is not in 1..n-1", () =>
        wasm.signSchnorr(message, secretKey, randomBytes(32)),
      );
    },
  };
}

/** ECDSA's public key recovery as the package `secp256k1` offers it. Throws when there is no key. */
export interface KeyRecovery {
  ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    message: Uint8Array,
    compressed: true,
    output: Uint8Array,
  ): Uint8Array;
}

/**
 * Verifies by one recovery of an ECDSA key; everything that goes in is public.
 *
 * BIP-340 accepts (r, s) for the point P and the challenge e, if s < n and R = s·G − e·P is not
 * infinity, has an even y and x(R) = r. Recovery from the ECDSA signature (r′, s′) of z computes
 * Q = r′⁻¹·(s′·R′ − z·G), where R′ has x = r′ and, for recovery id 0, an even y. So let
 *
 *     r′ = x(P), whence R′ = P as BIP-340's lift_x has it;  s′ = −e·x(P);  z = −s·x(P)   (mod n)
 *
 * and Q = −e·P + s·G = R. Recovery fails where BIP-340 does: when no point has that x (x(P) = 0 is
 * one of those), and when Q is infinity. Beyond that it fails for r′ ≥ n and for s′ = 0, that is
 * e = 0 mod n, as n is prime. One key in 2^127 and one challenge in 2^255 are so; `otherwise`
 * decides on them.
 */
export function verifyByRecovery(binding: KeyRecovery, otherwise: Verify): Verify {
  // One call at a time, so that the arrays can be made once. r, x(P) and the message follow the
  // tag in the challenge's preimage; s stands behind it for the view's sake.
  const input = new Uint8Array(PREIMAGE_BYTES + 32);
  const preimage = input.subarray(0, PREIMAGE_BYTES);
  input.set(CHALLENGE_TAG, 0);
  input.set(CHALLENGE_TAG, 32);
  const ecdsa = new Uint8Array(64);
  const z = new Uint8Array(32);
  const recovered = Buffer.alloc(33);
  const inputView = viewOf(input);
  const ecdsaView = viewOf(ecdsa);
  const zView = viewOf(z);
  return (signature, message, publicKey) => {
    if (signature.length !== 64 || message.length !== 32 || publicKey.length !== 32) return false;
    input.set(signature.subarray(0, 32), 64);
    input.set(publicKey, 96);
    input.set(message, 128);
    input.set(signature.subarray(32), 160);
    const s = readScalar(inputView, 160);
    if (s >= ORDER) return false;
    const x = readScalar(inputView, 96);
    const e = BigInt(`0x${hash("sha256", preimage, "hex")}`) % ORDER;
    if (x >= ORDER || e === 0n) return otherwise(signature, message, publicKey);
    ecdsa.set(publicKey);
    writeScalar(ecdsaView, 32, ((ORDER - e) * x) % ORDER);
    writeScalar(zView, 0, ((ORDER - s) * x) % ORDER);
    try {
      binding.ecdsaRecover(ecdsa, 0, z, true, recovered);
    } catch {
      return false;
    }
    return recovered[0] === EVEN && recovered.compare(signature, 0, 32, 1) === 0;
  };
}

/** The order n of the curve's group (BIP-340, "Specification"). */
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
/** BIP-340 hashes its tag twice, then r, x(P) and the message. */
const CHALLENGE_TAG = Buffer.from(hash("sha256", "BIP0340/challenge"), "hex");
const PREIMAGE_BYTES = 160;
/** First byte of a compressed point (SEC 1) whose y is even. */
const EVEN = 2;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// In quarters: by way of hex digits it takes three times as long.
function readScalar(view: DataView, at: number): bigint {
  return (
    (view.getBigUint64(at) << 192n) |
    (view.getBigUint64(at + 8) << 128n) |
    (view.getBigUint64(at + 16) << 64n) |
    view.getBigUint64(at + 24)
  );
}

function writeScalar(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value >> 192n);
  view.setBigUint64(at + 8, value >> 128n); // Each takes the lowest 64 bits.
  view.setBigUint64(at + 16, value >> 64n);
  view.setBigUint64(at + 24, value);
}
