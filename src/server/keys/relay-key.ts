/**
 * The relay's own key, the one its npub stands for: from the environment, else from its file,
 * which is created on first start.
 */

import type { CryptoProvider } from "../../crypto.ts";
import {
  generateSecretKey,
  parseSecretKey,
  type SecretKey,
  secretKeyFromBytes,
} from "../../nostr/key.ts";
import type { RelayConfig } from "../config.ts";
import { createKeyFile, KeyError, readKeyFile } from "./key-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface RelayKey {
  readonly secretKey: SecretKey;
  /** Where the key came from, for the log: never the key itself. */
  readonly origin: string;
  readonly created: boolean;
}

/**
 * The key that was handed in (an nsec, 64 hex digits or 32 bytes, of which a copy is taken); without
 * one, as {@link openRelayKey}. Throws a {@link KeyError}.
 */
export function ownRelayKey(
  key: string | Uint8Array | undefined,
  source: RelayConfig["key"],
  crypto: CryptoProvider,
): RelayKey {
  if (key === undefined) return openRelayKey(source, crypto);
  const secretKey =
    typeof key === "string"
      ? parseSecretKey(key, crypto)
      : secretKeyFromBytes(Uint8Array.from(key), crypto);
  if (!secretKey.ok) throw new KeyError(`key: ${secretKey.reason}`);
  return { secretKey: secretKey.value, origin: "handed in", created: false };
}

/**
 * The relay's key; makes one, and its file, where there is none.
 * Throws a {@link KeyError} when the key cannot be read, must not be used or cannot be written.
 */
export function openRelayKey(
  source: RelayConfig["key"],
  crypto: CryptoProvider,
  environment: Environment = process.env,
): RelayKey {
  const existing = readRelayKey(source, crypto, environment);
  if (existing) return existing;
  const secretKey = generateSecretKey(crypto);
  if (createKeyFile(source.file, secretKey)) {
    return { secretKey, origin: source.file, created: true };
  }
  // Another process was faster, and its key is the relay's.
  const other = readRelayKey(source, crypto, environment);
  if (other) return other;
  throw new KeyError(`key file ${source.file} cannot be written: the name is taken`);
}

/** The same, but `undefined` where there is no key yet. */
export function readRelayKey(
  source: RelayConfig["key"],
  crypto: CryptoProvider,
  environment: Environment = process.env,
): RelayKey | undefined {
  const text = environment[source.environment];
  if (text !== undefined && text !== "") {
    const key = parseSecretKey(text, crypto);
    const origin = `environment variable ${source.environment}`;
    if (!key.ok) throw new KeyError(`${origin} holds no key: ${key.reason}`);
    return { secretKey: key.value, origin, created: false };
  }
  const secretKey = readKeyFile(source.file, crypto);
  return secretKey && { secretKey, origin: source.file, created: false };
}
