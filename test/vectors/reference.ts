/**
 * SPEC.md once more, in the plainest code that works: straight from its text, under its names, and
 * without a line of `src/`. The vectors come from here, so `src/transport` is tested against
 * something that does not share its mistakes. Not for production: slow, and no secret is wiped.
 */

import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { hashes, Point, schnorr } from "@noble/secp256k1";

export type Bytes = Uint8Array;

const EMPTY: Bytes = new Uint8Array(0);

// ---- 1 Conventions ----

export function hex(bytes: Bytes): string {
  return Buffer.from(bytes).toString("hex");
}

export function utf8(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "utf8"));
}

export function concat(...parts: readonly Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat(parts));
}

/** u16, u32 and u64: so many bytes, big-endian. */
export function uint(length: number, value: number | bigint): Bytes {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex"));
}

// ---- 3.1 Group ----

/** The point of that x with even y; throws where there is none. */
function lift_x(X: Bytes): Point {
  return Point.fromBytes(concat(uint(1, 2), X));
}

export function isPoint(X: Bytes): boolean {
  try {
    lift_x(X);
    return true;
  } catch {
    return false;
  }
}

function multiply(point: Point, k: Bytes): Point {
  return point.multiply(BigInt(`0x${hex(k)}`));
}

export function pub(k: Bytes): Bytes {
  return uint(32, multiply(Point.BASE, k).toAffine().x);
}

/** Whether k·G has an odd y. It must not matter. */
export function isOdd(k: Bytes): boolean {
  return multiply(Point.BASE, k).toAffine().y % 2n === 1n;
}

export function DH(k: Bytes, X: Bytes): Bytes {
  return uint(32, multiply(lift_x(X), k).toAffine().x);
}

// ---- 3.2 Hash, MAC, HKDF ----

export function HASH(data: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

function HMAC(key: Bytes, data: Bytes): Bytes {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

export function HKDF(ck: Bytes, input: Bytes): readonly [Bytes, Bytes] {
  const t = HMAC(ck, input);
  const o1 = HMAC(t, uint(1, 1));
  const o2 = HMAC(t, concat(o1, uint(1, 2)));
  return [o1, o2];
}

// ---- 3.3 Cipher ----

function nonce(n: number | bigint): Bytes {
  return concat(uint(4, 0), uint(8, n));
}

export function SEAL(k: Bytes, n: number | bigint, ad: Bytes, plaintext: Bytes): Bytes {
  const cipher = createCipheriv("aes-256-gcm", k, nonce(n)).setAAD(ad);
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Throws if the tag does not match. */
export function OPEN(k: Bytes, n: number | bigint, ad: Bytes, ciphertext: Bytes): Bytes {
  const decipher = createDecipheriv("aes-256-gcm", k, nonce(n)).setAAD(ad);
  decipher.setAuthTag(ciphertext.subarray(-16));
  return concat(decipher.update(ciphertext.subarray(0, -16)), decipher.final());
}

export function REKEY(k: Bytes): Bytes {
  return SEAL(k, 2n ** 64n - 1n, EMPTY, new Uint8Array(32)).subarray(0, 32);
}

// ---- 3.4, 3.5 Handshake; 4.1, 4.2 Offer and prologue ----

export interface HandshakeInput {
  readonly s_R: Bytes;
  readonly e_C: Bytes;
  readonly e_R: Bytes;
  /** The offer with the word TOKEN in place of the token. */
  readonly offer: string;
  /** The plaintext of message 2. */
  readonly hello: Bytes;
}

/** The state after one step; `k` is null before the first MixKey. */
export interface HandshakeStep {
  readonly step: string;
  readonly h: string;
  readonly ck: string;
  readonly k: string | null;
}

export interface Handshake {
  readonly S_R: Bytes;
  readonly E_C: Bytes;
  readonly E_R: Bytes;
  readonly offer: string;
  readonly prologue: Bytes;
  readonly steps: readonly HandshakeStep[];
  readonly es: Bytes;
  readonly ee: Bytes;
  readonly message1: Bytes;
  readonly message2: Bytes;
  readonly token: string;
  readonly h: Bytes;
  readonly k1: Bytes;
  readonly k2: Bytes;
}

/** Both ends at once: what one sends is what the other reads. */
export function handshake({ s_R, e_C, e_R, offer, hello }: HandshakeInput): Handshake {
  const [S_R, E_C, E_R] = [pub(s_R), pub(e_C), pub(e_R)];
  const names = offer.split(",").map((entry) => entry.replace(/[ \t]/g, ""));
  const others = names.filter((entry) => !entry.endsWith(".TOKEN"));
  const prologue = concat(utf8("npubwire/1"), uint(1, 0), utf8(others.join(",")));

  let h = HASH(utf8("Noise_NK_secp256k1x_AESGCM_SHA256"));
  let ck = h;
  let k: Bytes | undefined;
  const steps: HandshakeStep[] = [];
  const note = (step: string): void => {
    steps.push({ step, h: hex(h), ck: hex(ck), k: k ? hex(k) : null });
  };
  const MixHash = (name: string, data: Bytes): void => {
    h = HASH(concat(h, data));
    note(`MixHash(${name})`);
  };
  const MixKey = (name: string, input: Bytes): void => {
    [ck, k] = HKDF(ck, input);
    note(`MixKey(${name})`);
  };
  const EncryptAndHash = (name: string, text: Bytes): Bytes => {
    const c = SEAL(k ?? EMPTY, 0, h, text);
    MixHash(name, c);
    return c;
  };

  note("Start");
  MixHash("prologue", prologue);
  MixHash("S_R", S_R);

  MixHash("E_C", E_C);
  const es = DH(e_C, S_R);
  MixKey("es", es);
  const message1 = concat(E_C, EncryptAndHash("c1", EMPTY));

  MixHash("E_R", E_R);
  const ee = DH(e_R, E_C);
  MixKey("ee", ee);
  const message2 = concat(E_R, EncryptAndHash("c2", hello));

  const [k1, k2] = HKDF(ck, EMPTY);
  const token = Buffer.from(message1).toString("base64url");
  const offered = offer.replace("TOKEN", token);
  const messages = { message1, message2, token, offer: offered };
  return { S_R, E_C, E_R, prologue, steps, es, ee, ...messages, h, k1, k2 };
}

// ---- 5 Hello ----

/** The JSON text padded with spaces to a multiple of 256 bytes. */
export function hello(json: string): Bytes {
  const length = utf8(json).length;
  return utf8(json + " ".repeat(256 * Math.ceil(length / 256) - length));
}

// ---- 6 Frames ----

/** One direction of a session: its key and its counter. */
export class Direction {
  n = 0;
  #k: Bytes;

  constructor(k: Bytes) {
    this.#k = k;
  }

  seal(plaintext: Bytes): Bytes {
    const frame = SEAL(this.#k, this.n, EMPTY, plaintext);
    this.n += 1;
    if (this.n % 1024 === 0) this.#k = REKEY(this.#k);
    return frame;
  }
}

export const CLOSE = 0x00;
export const MESSAGES = 0x01;
export const COVER = 0x02;

/** `length`: of the whole plaintext. */
export function plaintext(
  type: number,
  content: Bytes,
  length: number = plaintext_length(content.length),
): Bytes {
  const start = concat(uint(1, type), uint(2, content.length), content);
  return concat(start, new Uint8Array(length - start.length));
}

export function calc_padded_len(u: number): number {
  if (u <= 32) return 32;
  let power = 32;
  while (power < u) power = 2 * power;
  const step = power <= 256 ? 32 : power / 8;
  return step * Math.ceil(u / step);
}

export function plaintext_length(L: number): number {
  return Math.min(65519, Math.max(256, calc_padded_len(3 + L)));
}

/** The stream of messages; to be cut into contents anywhere. */
export function stream(...texts: readonly string[]): Bytes {
  return concat(...texts.map((text) => concat(uint(4, utf8(text).length), utf8(text))));
}

export function closeContent(code: number, reason: string): Bytes {
  return concat(uint(2, code), utf8(reason));
}

// ---- 7 The client's identity ----

export interface Event {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
  readonly sig: string;
}

export type Template = Pick<Event, "created_at" | "kind" | "tags" | "content">;

/** NIP-01's id and BIP-340's signature, with the given auxiliary randomness. */
export function sign(template: Template, secret: Bytes, aux: Bytes): Event {
  const pubkey = hex(pub(secret));
  const { created_at, kind, tags, content } = template;
  const id = HASH(utf8(JSON.stringify([0, pubkey, created_at, kind, tags, content])));
  hashes.sha256 = (data) => new Uint8Array(HASH(data));
  const sig = hex(schnorr.sign(id, secret, aux));
  return { id: hex(id), pubkey, created_at, kind, tags, content, sig };
}

/** What a client signs: `address` is canonical, `time` is the hello's. */
export function authTemplate(h: Bytes, S_R: Bytes, address: string, time: number): Template {
  const tags = [
    ["relay", address],
    ["challenge", hex(h)],
    ["p", hex(S_R)],
    ["transport", "npubwire/1"],
  ];
  return { kind: 22242, created_at: time, content: "", tags };
}

/** The client's frame 0: one message in a plaintext of 1,024 bytes. */
export function firstPlaintext(text: string): Bytes {
  return plaintext(MESSAGES, stream(text), 1024);
}
