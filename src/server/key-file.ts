/**
 * Secret keys in files: one nsec (or 64 hex digits), readable by its owner alone. A file is
 * created whole or not at all, and never in the place of another.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { CryptoProvider } from "../crypto.ts";
import { encodeNsec, parseSecretKey, type SecretKey } from "../nostr/key.ts";

/** A key cannot be read, must not be used, or cannot be written. The message says what to do. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

const OTHERS_MODE = 0o077;
const MAX_KEY_FILE_BYTES = 4_096;

/**
 * Reads the key in a file; `undefined` when there is no such file.
 * Throws a {@link KeyError} when others may read the file or it holds no key.
 */
export function readKeyFile(file: string, crypto: CryptoProvider): SecretKey | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new KeyError(`key file ${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    refuseUnsafe(file, descriptor);
    const key = parseSecretKey(readFileSync(descriptor, "utf8"), crypto);
    if (!key.ok) throw new KeyError(`key file ${file} holds no key: ${key.reason}`);
    return key.value;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a key into a new file, mode 0600, as nsec; folders that are missing are made, mode 0700.
 * False when the file exists already, which is left as it is. Throws a {@link KeyError} when
 * nothing can be written there.
 */
export function createKeyFile(file: string, key: SecretKey): boolean {
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${encodeNsec(key)}\n`, { mode: 0o600, flag: "wx", flush: true });
    return linkNew(draft, file);
  } catch (error) {
    throw new KeyError(`key file ${file} cannot be written: ${messageOf(error)}`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Unlike a rename, a link never replaces what is there. False if something is. */
function linkNew(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  syncFolder(dirname(file));
  return true;
}

function refuseUnsafe(file: string, descriptor: number): void {
  const status = fstatSync(descriptor);
  if (!status.isFile()) throw new KeyError(`key file ${file} is not a file`);
  // Windows has no such bits.
  if (process.platform !== "win32" && (status.mode & OTHERS_MODE) !== 0) {
    throw new KeyError(
      `key file ${file} can be read or changed by others; run: chmod 600 ${shellQuote(file)}`,
    );
  }
  if (status.size > MAX_KEY_FILE_BYTES) {
    throw new KeyError(`key file ${file} holds no key: it is too large`);
  }
}

/** After a crash a new name may be lost until its folder is synced. Windows cannot do this. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function shellQuote(file: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
