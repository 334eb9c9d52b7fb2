/**
 * The portable provider, on the noble packages: runs wherever JavaScript does. Its arithmetic on
 * secrets is BigInt code and not constant time, so it is for clients, not for a relay's key.
 */

import { gcm } from "@noble/ciphers/aes.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { getPublicKey, getSharedSecret, hashes, schnorr } from "@noble/secp256k1";
import type { Aead, CryptoProvider } from "../crypto.ts";
import { hkdfSha256 } from "./hkdf.ts";
import { checkLength, orRangeError } from "./range.ts";
import { secp256k1x } from "./secp256k1x.ts";

hashes.sha256 = sha256;

export const nobleCrypto: CryptoProvider = {
  name: "noble",
  constantTime: false,
  secp256k1x: secp256k1x(
    {
      base: (secretKey) => getPublicKey(secretKey),
      shared: (secretKey, point) => getSharedSecret(secretKey, point).subarray(1),
    },
    randomBytes,
  ),
  randomBytes,
  sha256: (data) => sha256(data),
  hashText: (text) => bytesToHex(sha256(utf8ToBytes(text))),
  hkdfSha256,
  aes256gcm,
  verifySchnorr(signature, message, publicKey) {
    if (message.length !== 32) return false;
    try {
      return schnorr.verify(signature, message, publicKey);
    } catch {
      return false; // Wrong lengths throw.
    }
  },
  signSchnorr(message, secretKey) {
    checkLength("message", message, 32);
    return orRangeError("secret key is not in 1..n-1", () => schnorr.sign(message, secretKey));
  },
};

function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

function aes256gcm(key: Uint8Array): Aead {
  checkLength("key", key, 32);
  const copy = new Uint8Array(key);
  let destroyed = false;
  const cipher = (nonce: Uint8Array, associatedData: Uint8Array) => {
    if (destroyed) throw new Error("the key was destroyed");
    checkLength("nonce", nonce, 12);
    return gcm(copy, nonce, associatedData);
  };
  return {
    seal: (nonce, plaintext, associatedData) => cipher(nonce, associatedData).encrypt(plaintext),
    open(nonce, ciphertext, associatedData) {
      const { decrypt } = cipher(nonce, associatedData);
      try {
        return decrypt(ciphertext);
      } catch {
        return undefined; // The tag does not match, or there is none.
      }
    },
    destroy() {
      destroyed = true;
      copy.fill(0);
    },
  };
}
