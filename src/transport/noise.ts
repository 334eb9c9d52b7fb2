/**
 * The Noise Protocol Framework, revision 34, as far as npubwire uses it: its three state objects
 * under their own names, with the group as a parameter. Counters live here and nowhere else.
 */

import { concatBytes } from "@noble/hashes/utils.js";
import type { Aead, CryptoProvider, Group, KeyPair } from "../crypto.ts";
import { KEY_BYTES, MAX_FRAME_BYTES, MAX_FRAMES, TAG_BYTES } from "./constants.ts";
import { TransportError } from "./errors.ts";

type Token = "e" | "ee" | "es";

/** Pre-message: whether the initiator knows the responder's static key. Then a row a message. */
export interface HandshakePattern {
  readonly name: string;
  readonly knowsResponder: boolean;
  readonly messages: readonly (readonly Token[])[];
}

/** `<- s … -> e, es  <- e, ee`: the responder is known and proves its key, the initiator is nobody yet. */
export const NK: HandshakePattern = {
  name: "NK",
  knowsResponder: true,
  messages: [
    ["e", "es"],
    ["e", "ee"],
  ],
};

const HASH_BYTES = 32;
const EMPTY = new Uint8Array(0);
/** What is hashed next, of whichever handshake: an array for each step would cost as much as its hash. */
const transcript = new Uint8Array(HASH_BYTES + MAX_FRAME_BYTES);
/** Good until the next one: native code takes an array that it knows in half the time. */
const nonceBytes = new Uint8Array(12);
const UTF8 = new TextEncoder();

/** Section 5.1. One direction's key and counter. */
export class CipherState {
  #aead: Aead;
  #n = 0;
  readonly #crypto: CryptoProvider;

  /** `key` is 32 bytes and is copied. */
  constructor(crypto: CryptoProvider, key: Uint8Array) {
    this.#crypto = crypto;
    this.#aead = crypto.aes256gcm(key);
  }

  /** The number of the next message under this state; `rekey` does not reset it. */
  get n(): number {
    return this.#n;
  }

  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return this.#aead.seal(nonce(this.#n++), plaintext, ad);
  }

  /**
   * `undefined` when the ciphertext is not authentic; then the counter stays. The plaintext may be
   * a view of `scratch` ({@link Aead.open}).
   */
  decryptWithAd(
    ad: Uint8Array,
    ciphertext: Uint8Array,
    scratch?: Uint8Array,
  ): Uint8Array | undefined {
    if (ciphertext.length < TAG_BYTES) return undefined;
    const plaintext = this.#aead.open(nonce(this.#n), ciphertext, ad, scratch);
    if (plaintext !== undefined) this.#n++;
    return plaintext;
  }

  /** Section 4.2, REKEY: 32 zero bytes sealed under nonce 2⁶⁴−1. The old key is erased. */
  rekey(): void {
    const sealed = this.#aead.seal(REKEY_NONCE, new Uint8Array(KEY_BYTES), EMPTY);
    this.#aead.destroy();
    this.#aead = this.#crypto.aes256gcm(sealed.subarray(0, KEY_BYTES));
    sealed.fill(0);
  }

  destroy(): void {
    this.#aead.destroy();
  }
}

/** Section 5.2. Everything said so far, hashed, and every secret so far, chained. */
export class SymmetricState {
  readonly #crypto: CryptoProvider;
  #chainingKey: Uint8Array;
  #h: Uint8Array;
  #cipher: CipherState | undefined;

  constructor(crypto: CryptoProvider, protocolName: string) {
    this.#crypto = crypto;
    const name = UTF8.encode(protocolName);
    this.#h = name.length <= KEY_BYTES ? padded(name) : crypto.sha256(name);
    this.#chainingKey = this.#h.slice();
  }

  /** The handshake hash: 32 bytes that stand for the whole transcript. */
  get handshakeHash(): Uint8Array {
    return this.#h;
  }

  mixKey(inputKey: Uint8Array): void {
    const [chainingKey, key] = this.#hkdf(inputKey);
    this.#chainingKey.fill(0);
    this.#chainingKey = chainingKey;
    this.#cipher?.destroy();
    this.#cipher = new CipherState(this.#crypto, key);
    key.fill(0);
  }

  mixHash(data: Uint8Array): void {
    transcript.set(this.#h);
    transcript.set(data, HASH_BYTES);
    this.#h = this.#crypto.sha256(transcript.subarray(0, HASH_BYTES + data.length));
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher?.encryptWithAd(this.#h, plaintext) ?? plaintext;
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher
      ? this.#cipher.decryptWithAd(this.#h, ciphertext)
      : ciphertext.slice();
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** The two directions' states: initiator to responder, then the other way. Ends this object. */
  split(): readonly [CipherState, CipherState] {
    const [first, second] = this.#hkdf(EMPTY);
    const states = [
      new CipherState(this.#crypto, first),
      new CipherState(this.#crypto, second),
    ] as const;
    first.fill(0);
    second.fill(0);
    this.destroy();
    return states;
  }

  destroy(): void {
    this.#chainingKey.fill(0);
    this.#cipher?.destroy();
  }

  #hkdf(inputKey: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const output = this.#crypto.hkdfSha256(this.#chainingKey, inputKey, EMPTY, 2 * KEY_BYTES);
    return [output.subarray(0, KEY_BYTES), output.subarray(KEY_BYTES)];
  }
}

export interface HandshakeOptions {
  readonly crypto: CryptoProvider;
  readonly group: Group;
  readonly pattern: HandshakePattern;
  readonly prologue: Uint8Array;
  readonly role: "initiator" | "responder";
  /** The responder's own key pair. */
  readonly s?: KeyPair;
  /** The responder's public key, as the initiator knows it. */
  readonly rs?: Uint8Array;
}

/** Section 5.3. Runs a pattern as a table of tokens; both roles read the same rows. */
export class HandshakeState {
  readonly #options: HandshakeOptions;
  readonly #symmetric: SymmetricState;
  #e: KeyPair | undefined;
  #re: Uint8Array | undefined;
  #message = 0;

  constructor(options: HandshakeOptions) {
    const { crypto, group, pattern, prologue } = options;
    this.#options = options;
    this.#symmetric = new SymmetricState(
      crypto,
      `Noise_${pattern.name}_${group.name}_AESGCM_SHA256`,
    );
    this.#symmetric.mixHash(prologue);
    if (pattern.knowsResponder) {
      this.#symmetric.mixHash(present(options.rs ?? options.s?.publicKey, "responder's key"));
    }
  }

  /** Stands for the transcript so far; after the last message, the channel binding. */
  get handshakeHash(): Uint8Array {
    return this.#symmetric.handshakeHash;
  }

  writeMessage(payload: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const token of this.#nextTokens()) {
      if (token === "e") {
        this.#e = this.#options.group.generateKeyPair();
        this.#symmetric.mixHash(this.#e.publicKey);
        parts.push(this.#e.publicKey);
      } else {
        this.#mixDh(token);
      }
    }
    return concatBytes(...parts, this.#symmetric.encryptAndHash(payload));
  }

  /** The payload. Throws `point` for a key that is none, `wrong-relay` for what does not open. */
  readMessage(message: Uint8Array): Uint8Array {
    let rest = message;
    if (message.length < KEY_BYTES || message.length > MAX_FRAME_BYTES) {
      throw new TransportError("wrong-relay", "message too short or too long");
    }
    for (const token of this.#nextTokens()) {
      if (token === "e") {
        this.#re = rest.slice(0, KEY_BYTES);
        rest = rest.subarray(KEY_BYTES);
        this.#symmetric.mixHash(this.#re);
      } else {
        this.#mixDh(token);
      }
    }
    const payload = this.#symmetric.decryptAndHash(rest);
    if (payload === undefined) {
      throw new TransportError("wrong-relay", "handshake message does not open");
    }
    return payload;
  }

  /** After the last message: initiator to responder, then the other way. Wipes this object. */
  split(): readonly [CipherState, CipherState] {
    const states = this.#symmetric.split();
    this.destroy();
    return states;
  }

  destroy(): void {
    this.#symmetric.destroy();
    this.#e?.secretKey.fill(0);
    this.#e = undefined;
  }

  #nextTokens(): readonly Token[] {
    const tokens = this.#options.pattern.messages[this.#message++];
    if (tokens === undefined) throw new TransportError("misuse", "the handshake is over");
    return tokens;
  }

  #mixDh(token: "ee" | "es"): void {
    const { group, role, s, rs } = this.#options;
    // `es` is the initiator's ephemeral with the responder's static key.
    const ownStatic = token === "es" && role === "responder";
    const theirStatic = token === "es" && role === "initiator";
    const own = ownStatic ? s : this.#e;
    const theirs = theirStatic ? rs : this.#re;
    let shared: Uint8Array;
    try {
      shared = group.dh(present(own, "own key").secretKey, present(theirs, "peer's key"));
    } catch (cause) {
      if (cause instanceof TransportError) throw cause;
      throw new TransportError("point", "not a valid public key", { cause });
    }
    this.#symmetric.mixKey(shared);
    shared.fill(0);
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TransportError("misuse", `the handshake lacks the ${what}`);
  return value;
}

/** AESGCM of Noise, section 12.4: four zero bytes, then the counter, 64 bits, big-endian. */
function nonce(n: number): Uint8Array {
  if (n >= MAX_FRAMES) throw new TransportError("exhausted", "no nonces left");
  // By hand: a DataView costs ten times as much, on every frame.
  nonceBytes[8] = n >>> 24;
  nonceBytes[9] = n >>> 16;
  nonceBytes[10] = n >>> 8;
  nonceBytes[11] = n;
  return nonceBytes;
}

const REKEY_NONCE = new Uint8Array([0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);

function padded(name: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES);
  bytes.set(name);
  return bytes;
}
