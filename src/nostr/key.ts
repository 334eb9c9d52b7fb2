/**
 * Keys, ids and their spellings: 64 lower-case hex digits on the wire (NIP-01), npub and nsec for
 * people (NIP-19). The branded types are minted here and nowhere else.
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../crypto.ts";
import { decodeBech32, encodeBech32 } from "./bech32.ts";
import { bytesOfHex, isHex } from "./hex.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

declare const publicKeyBrand: unique symbol;
declare const eventIdBrand: unique symbol;
declare const secretKeyBrand: unique symbol;

/** An x-only public key as 64 lower-case hex digits. It need not be a point of the curve. */
export type PublicKey = string & { readonly [publicKeyBrand]: true };
/** An event id as 64 lower-case hex digits. */
export type EventId = string & { readonly [eventIdBrand]: true };
/** 32 bytes, a scalar in 1..n−1. Never logged; wiped by whoever made it. */
export type SecretKey = Uint8Array & { readonly [secretKeyBrand]: true };

export function isHex32(value: unknown): value is string {
  return typeof value === "string" && isHex(value, 64);
}

export function isPublicKey(value: unknown): value is PublicKey {
  return isHex32(value);
}

export function isEventId(value: unknown): value is EventId {
  return isHex32(value);
}

export function publicKeyFromBytes(bytes: Uint8Array): PublicKey {
  return bytesToHex(bytes) as PublicKey;
}

export function publicKeyToBytes(key: PublicKey): Uint8Array {
  return bytesOfHex(key);
}

/** Reads an npub or 64 hex digits (upper case is accepted from people and lowered). */
export function parsePublicKey(text: string): Parsed<PublicKey> {
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  if (isPublicKey(lower)) return parsed(lower);
  if (lower.startsWith("nsec1")) {
    return malformed("this is a secret key (nsec); a public key (npub) is expected");
  }
  const bytes = decodeBech32("npub", trimmed);
  if (bytes?.length === 32) return parsed(publicKeyFromBytes(bytes));
  return malformed("expected an npub (npub1…) or 64 hex digits");
}

/** Reads an nsec or 64 hex digits. The reason never repeats the input. */
export function parseSecretKey(text: string, crypto: CryptoProvider): Parsed<SecretKey> {
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  const bytes = isHex32(lower) ? bytesOfHex(lower) : decodeBech32("nsec", trimmed);
  if (bytes === undefined) return malformed("expected an nsec (nsec1…) or 64 hex digits");
  return secretKeyFromBytes(bytes, crypto);
}

/** Mints a secret key from 32 bytes, if they are a scalar in 1..n−1. */
export function secretKeyFromBytes(bytes: Uint8Array, crypto: CryptoProvider): Parsed<SecretKey> {
  try {
    crypto.secp256k1x.publicKey(bytes);
  } catch {
    return malformed("not a valid secp256k1 secret key");
  }
  return parsed(bytes as SecretKey);
}

export function generateSecretKey(crypto: CryptoProvider): SecretKey {
  return crypto.secp256k1x.generateKeyPair().secretKey as SecretKey;
}

export function publicKeyOf(secretKey: SecretKey, crypto: CryptoProvider): PublicKey {
  return publicKeyFromBytes(crypto.secp256k1x.publicKey(secretKey));
}

/** A relay asks for its own npub at every handshake, so the latest is kept. */
let latest: { readonly key: PublicKey; readonly npub: string } | undefined;

export function encodeNpub(key: PublicKey): string {
  if (latest?.key !== key) latest = { key, npub: encodeBech32("npub", publicKeyToBytes(key)) };
  return latest.npub;
}

export function encodeNsec(key: SecretKey): string {
  return encodeBech32("nsec", key);
}
