/** Secret keys that a password protects: `ncryptsec1…` (NIP-49). */

import { decrypt } from "nostr-tools/nip49";
import type { CryptoProvider } from "../crypto.ts";
import { decodeBech32 } from "./bech32.ts";
import { type SecretKey, secretKeyFromBytes } from "./key.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

declare const encryptedKeyBrand: unique symbol;

/** An `ncryptsec1…` that a password may open. Worth protecting: passwords can be guessed. */
export type EncryptedKey = string & { readonly [encryptedKeyBrand]: true };

/** Whether the text wants to be an encrypted key, right or wrong. */
export function looksEncrypted(text: string): boolean {
  return /^ncryptsec1/i.test(text.trim());
}

/** Reads an `ncryptsec1…`. The reason never repeats the input. */
export function parseEncryptedKey(text: string): Parsed<EncryptedKey> {
  const key = text.trim().toLowerCase();
  const bytes = decodeBech32("ncryptsec", key);
  if (bytes?.length !== LENGTH) return malformed("expected an encrypted key (ncryptsec1…)");
  const [version = 0, logRounds = 0] = bytes;
  if (version !== VERSION) return malformed(`version ${version} of encrypted keys is not known`);
  if (logRounds < 1 || logRounds > MAX_LOG_ROUNDS) {
    return malformed("the encrypted key asks for more memory than any program should give it");
  }
  return parsed(key as EncryptedKey);
}

/** Opens the key. That takes a second by design, and as much memory as it asks for, up to 1 GB. */
export function decryptKey(
  key: EncryptedKey,
  password: string,
  crypto: CryptoProvider,
): Parsed<SecretKey> {
  let bytes: Uint8Array;
  try {
    bytes = decrypt(key, password);
  } catch {
    return malformed("the password is wrong");
  }
  return secretKeyFromBytes(bytes, crypto);
}

/** Version, work, salt, nonce, one byte on how the key was kept, the sealed key. */
const LENGTH = 1 + 1 + 16 + 24 + 1 + 48;
const VERSION = 2;
/** 2²⁰ rounds of scrypt's eight blocks are a gigabyte, NIP-49's largest example. */
const MAX_LOG_ROUNDS = 20;
