/**
 * AES-256-GCM for Node: by our own binding to the OpenSSL that Node carries, one call a frame, or
 * by node:crypto, which takes four calls and three to five times as long for a small frame.
 */

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import type { Aead } from "../crypto.ts";
import { plain } from "./bytes.ts";
import { checkLength } from "./range.ts";
import { allocate } from "./sealed-memory.ts";

/** Makes an {@link Aead} of a key of 32 bytes, which is copied. */
export type AesGcm = (key: Uint8Array) => Aead;

/** What `native/aes-gcm.c` exports; both throw for wrong lengths. */
export interface AesGcmBinding {
  /** Fills `sealed`, 16 bytes longer than `plaintext`. */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
    sealed: Uint8Array,
  ): void;
  /** Whether the tag is right; then it fills `plaintext`, 16 bytes shorter than `sealed`. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    sealed: Uint8Array,
    plaintext: Uint8Array,
  ): boolean;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keys live in a JavaScript array alone, and are wiped there.
 */
export function nativeAesGcm(binding: AesGcmBinding): AesGcm {
  return (key) => new NativeAead(binding, key);
}

/** The key is a KeyObject, which nobody can wipe: it is cleansed when it is collected. */
export const opensslAesGcm: AesGcm = (key) => {
  checkLength("key", key, KEY_BYTES);
  // Made once: Node 24 takes five times as long with raw keys.
  let secret: KeyObject | undefined = createSecretKey(key);
  const keyFor = (nonce: Uint8Array): KeyObject => {
    if (!secret) throw new Error("the key was destroyed");
    checkLength("nonce", nonce, NONCE_BYTES);
    return secret;
  };
  return {
    seal(nonce, plaintext, associatedData) {
      const cipher = createCipheriv("aes-256-gcm", keyFor(nonce), nonce);
      if (associatedData.length > 0) cipher.setAAD(associatedData);
      const sealed = allocate(plaintext.length + TAG_BYTES);
      sealed.set(cipher.update(plaintext));
      cipher.final();
      sealed.set(cipher.getAuthTag(), plaintext.length);
      return sealed;
    },
    open(nonce, ciphertext, associatedData) {
      const decipher = createDecipheriv("aes-256-gcm", keyFor(nonce), nonce);
      const end = ciphertext.length - TAG_BYTES;
      if (end < 0) return undefined;
      if (associatedData.length > 0) decipher.setAAD(associatedData);
      decipher.setAuthTag(ciphertext.subarray(end));
      const plaintext = decipher.update(ciphertext.subarray(0, end));
      try {
        decipher.final();
      } catch {
        plaintext.fill(0);
        return undefined;
      }
      return plain(plaintext);
    },
    destroy() {
      secret = undefined;
    },
  };
};

/** A class, for every connection keeps two: closures would take three times the room. */
class NativeAead implements Aead {
  readonly #binding: AesGcmBinding;
  readonly #key: Uint8Array;
  #isDestroyed = false;

  constructor(binding: AesGcmBinding, key: Uint8Array) {
    checkLength("key", key, KEY_BYTES);
    this.#binding = binding;
    this.#key = new Uint8Array(key);
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array {
    this.#check(nonce);
    const sealed = allocate(plaintext.length + TAG_BYTES);
    this.#binding.seal(this.#key, nonce, associatedData, plaintext, sealed);
    return sealed;
  }

  open(
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    associatedData: Uint8Array,
    scratch?: Uint8Array,
  ): Uint8Array | undefined {
    this.#check(nonce);
    const length = ciphertext.length - TAG_BYTES;
    if (length < 0) return undefined;
    const plaintext = scratch?.subarray(0, length) ?? new Uint8Array(length);
    const isAuthentic = this.#binding.open(this.#key, nonce, associatedData, ciphertext, plaintext);
    return isAuthentic ? plaintext : undefined;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#key.fill(0);
  }

  #check(nonce: Uint8Array): void {
    if (this.#isDestroyed) throw new Error("the key was destroyed");
    checkLength("nonce", nonce, NONCE_BYTES);
  }
}
