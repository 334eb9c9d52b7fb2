/** Secret keys in files: one nsec (or 64 hex digits), readable by its owner alone. */

import type { CryptoProvider } from "../../crypto.ts";
import { encodeNsec, parseSecretKey, type SecretKey } from "../../nostr/key.ts";
import { createPrivateFile, PrivateFileError, readPrivateFile } from "./private-file.ts";

/** A key cannot be read, must not be used, or cannot be written. The message says what to do. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

const MAX_KEY_FILE_BYTES = 4_096;

/**
 * Reads the key in a file; `undefined` when there is no such file.
 * Throws a {@link KeyError} when others may read the file or it holds no key.
 */
export function readKeyFile(file: string, crypto: CryptoProvider): SecretKey | undefined {
  const text = readKeyText(file);
  if (text === undefined) return undefined;
  const key = parseSecretKey(text, crypto);
  if (!key.ok) throw new KeyError(`key file ${file} holds no key: ${key.reason}`);
  return key.value;
}

/** The same, whatever spelling of a key the file holds. */
export function readKeyText(file: string): string | undefined {
  return naming(file, () => readPrivateFile(file, MAX_KEY_FILE_BYTES));
}

/**
 * Writes a key into a new file, mode 0600, as nsec; folders that are missing are made, mode 0700.
 * False when the file exists already, which is left as it is. Throws a {@link KeyError} when
 * nothing can be written there.
 */
export function createKeyFile(file: string, key: SecretKey): boolean {
  return naming(file, () => createPrivateFile(file, `${encodeNsec(key)}\n`));
}

function naming<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error;
    throw new KeyError(`key file ${file} ${error.message}`);
  }
}
