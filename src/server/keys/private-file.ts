/**
 * Files for their owner's eyes only. One is created or replaced whole or not at all, and not read
 * while others may read or change it.
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
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/** The message follows the name of the file: "cannot be read: …". It says what to do. */
export class PrivateFileError extends Error {
  override readonly name = "PrivateFileError";
}

/**
 * The text in the file; `undefined` when there is no such file. Throws a {@link PrivateFileError}
 * when it cannot be read, is longer than `maxBytes`, or others may read or change it.
 */
export function readPrivateFile(file: string, maxBytes: number): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new PrivateFileError(`cannot be read: ${messageOf(error)}`);
  }
  try {
    refuseUnsafe(file, descriptor, maxBytes);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a new file, mode 0600; folders that are missing are made, mode 0700. False when the file
 * exists already, which is left as it is. Throws a {@link PrivateFileError}.
 */
export function createPrivateFile(file: string, text: string): boolean {
  return withDraft(file, text, (draft) => {
    try {
      // Unlike a rename, a link never replaces what is there.
      linkSync(draft, file);
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** The same, whether there is such a file or not; readers see the old text or the new one. */
export function replacePrivateFile(file: string, text: string): void {
  withDraft(file, text, (draft) => renameSync(draft, file));
}

const OTHERS_MODE = 0o077;

function withDraft<T>(file: string, text: string, putInPlace: (draft: string) => T): T {
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600, flag: "wx", flush: true });
    const result = putInPlace(draft);
    syncFolder(dirname(file));
    return result;
  } catch (error) {
    throw new PrivateFileError(`cannot be written: ${messageOf(error)}`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function refuseUnsafe(file: string, descriptor: number, maxBytes: number): void {
  const status = fstatSync(descriptor);
  if (!status.isFile()) throw new PrivateFileError("is not a file");
  // Windows has no such bits.
  if (process.platform !== "win32" && (status.mode & OTHERS_MODE) !== 0) {
    throw new PrivateFileError(
      `can be read or changed by others; run: chmod 600 ${shellQuote(file)}`,
    );
  }
  if (status.size > maxBytes) throw new PrivateFileError("is too large");
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
