/**
 * What npubwire needs from cryptography, and nothing more. Implementations live in `crypto/`;
 * entry files choose one and pass it on as an argument.
 *
 * @module
 */

/** A Diffie–Hellman key pair of a {@link Group}: raw scalar and raw public key, 32 bytes each. */
export interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A Diffie–Hellman group as the Noise specification (revision 34, section 4.1) asks for it. */
export interface Group {
  /** The name inside the Noise protocol name, such as `secp256k1x` (SPEC, "Functions"). */
  readonly name: string;
  generateKeyPair(): KeyPair;
  /** The public key of a secret scalar. Throws a RangeError when the scalar is not in 1..n−1. */
  publicKey(secretKey: Uint8Array): Uint8Array;
  /**
   * The raw 32-byte shared value, not hashed.
   * Throws a RangeError when `publicKey` is not a valid element or `secretKey` is out of range.
   */
  dh(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
}

/** AES-256-GCM under one key. The caller owns the nonces; none may be used twice. */
export interface Aead {
  /** Ciphertext followed by the 16-byte tag. `nonce` is 12 bytes. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /**
   * The plaintext, or `undefined` when the tag does not match. With `scratch`, of at least the
   * ciphertext's length, the plaintext may be a view of it: good until somebody else uses it.
   */
  open(
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    associatedData: Uint8Array,
    scratch?: Uint8Array,
  ): Uint8Array | undefined;
  /** Forgets the key, as far as the language lets us. Later calls throw. */
  destroy(): void;
}

export interface CryptoProvider {
  /** For logs: which implementations this provider chose, such as `node (ecdh system, schnorr wasm)`. */
  readonly name: string;
  /** Whether scalar multiplication with secrets is claimed constant time by its authors (SECURITY.md). */
  readonly constantTime: boolean;
  /** secp256k1 with 32-byte x-only public keys (BIP-340) and NIP-44's unhashed x coordinate. */
  readonly secp256k1x: Group;
  randomBytes(length: number): Uint8Array;
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-256 of a text's UTF-8 in 64 lower-case hex digits, such as the id of an event (NIP-01). */
  hashText(text: string): string;
  /** RFC 5869, extract and expand. `length` in bytes, at most 255 × 32. */
  hkdfSha256(salt: Uint8Array, inputKey: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** AES-256-GCM. `key` is 32 bytes and is copied. */
  aes256gcm(key: Uint8Array): Aead;
  /** BIP-340 over a 32-byte message; false for anything that is not valid, never throws. */
  verifySchnorr(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /**
   * BIP-340 signature (64 bytes) over a 32-byte message, with fresh randomness.
   * Throws a RangeError when the message has another length or the scalar is not in 1..n−1.
   */
  signSchnorr(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
}
