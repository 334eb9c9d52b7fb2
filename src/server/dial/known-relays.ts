/**
 * The relays that this user has met: which key proved itself at which place, like SSH's
 * `known_hosts`. A line is `host:port npub1…`, or `host:port/path npub1…`, since several relays may
 * share a port; one that begins with `#` is a remark.
 */

import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { placeOf, type RelayAddress } from "../../nostr/address.ts";
import { encodeNpub, type PublicKey, parsePublicKey } from "../../nostr/key.ts";
import { malformed, type Parsed, parsed } from "../../nostr/parsed.ts";
import { PrivateFileError, replacePrivateFile } from "../keys/private-file.ts";

export type KnownRelaysErrorCode =
  /** Another key is known at this place. */
  | "key-changed"
  /** The file cannot be read or written, or a line of it is wrong. */
  | "file";

export class KnownRelaysError extends Error {
  override readonly name = "KnownRelaysError";
  readonly code: KnownRelaysErrorCode;
  /** What the user can do about it. */
  readonly advice: string;

  constructor(code: KnownRelaysErrorCode, message: string, advice: string) {
    super(message);
    this.code = code;
    this.advice = advice;
  }
}

export interface KnownRelays {
  /** Before dialling: throws a {@link KnownRelaysError} when the place is known by another key. */
  check(address: RelayAddress): void;
  /** Once the relay has proved its key. True if it was new. Throws like `check`. */
  remember(address: RelayAddress): boolean;
  /** Takes out what is known of `host:port/path`. False if nothing is. */
  forget(place: string): boolean;
}

/** One relay of the file. */
interface KnownRelay {
  /** From 1. */
  readonly line: number;
  /** Host and effective port, and the path unless it is `/`. */
  readonly place: string;
  readonly relay: PublicKey;
}

/** A file of known relays. It is read anew each time: other programs of the user change it too. */
export class KnownRelaysFile implements KnownRelays {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  check(address: RelayAddress): void {
    this.#isKnown(address);
  }

  remember(address: RelayAddress): boolean {
    if (this.#isKnown(address)) return false;
    const text = readText(this.#file);
    const lineFeed = text === "" || text.endsWith("\n") ? "" : "\n";
    const line = `${lineFeed}${placeOfRelay(address)} ${encodeNpub(address.relay)}\n`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      // One write at the end of the file: two programs at once lose nothing of each other's.
      appendFileSync(this.#file, line, { mode: 0o600 });
    } catch (error) {
      throw unusable(this.#file, "cannot be written", error);
    }
    return true;
  }

  forget(place: string): boolean {
    const gone = new Set(this.#lines(place).map(({ line }) => line));
    if (gone.size === 0) return false;
    const lines = readText(this.#file).split("\n");
    try {
      replacePrivateFile(this.#file, lines.filter((_, index) => !gone.has(index + 1)).join("\n"));
    } catch (error) {
      throw error instanceof PrivateFileError ? unusable(this.#file, error.message) : error;
    }
    return true;
  }

  #lines(place: string): readonly KnownRelay[] {
    return this.#read().filter((known) => known.place === place);
  }

  #isKnown(address: RelayAddress): boolean {
    const lines = this.#lines(placeOfRelay(address));
    const other = lines.find((known) => known.relay !== address.relay);
    if (other) throw keyChanged(other, address.relay, this.#file);
    return lines.length > 0;
  }

  #read(): readonly KnownRelay[] {
    return readText(this.#file)
      .split("\n")
      .flatMap((text, index) => {
        if (text.trim() === "" || text.startsWith("#")) return [];
        const entry = parseEntry(text, index + 1);
        if (!entry.ok) throw unusable(this.#file, `line ${index + 1}: ${entry.reason}`);
        return [entry.value];
      });
  }
}

/** Where a relay is, in the spelling of the file. */
export function placeOfRelay({ url, endpoint }: RelayAddress): string {
  const place = placeOf(url);
  return place.ok ? place.value : endpoint;
}

/** `host:port` or `host:port/path` as people write it, in the one spelling that the file uses. */
export function parsePlace(text: string): Parsed<string> {
  const place = /^\/|:\/\/|[@?#\\\s]/.test(text) ? undefined : placeOf(`ws://${text}`);
  return place?.ok ? place : malformed("expected host:port");
}

function parseEntry(text: string, line: number): Parsed<KnownRelay> {
  const [place = "", npub = "", ...others] = text.trim().split(/\s+/);
  const canonical = parsePlace(place);
  if (!canonical.ok || canonical.value !== place)
    return malformed("expected host:port and an npub");
  const relay = parsePublicKey(npub);
  if (!relay.ok) return relay;
  if (others.length > 0) return malformed("expected host:port and an npub, nothing else");
  return parsed({ line, place, relay: relay.value });
}

function keyChanged(known: KnownRelay, relay: PublicKey, file: string): KnownRelaysError {
  const { place, line } = known;
  return new KnownRelaysError(
    "key-changed",
    `the relay at ${place} is known by another key; nothing was sent to it
  known   ${encodeNpub(known.relay)}
  given   ${encodeNpub(relay)}`,
    `Either somebody wants to pose as this relay, or it has a new key. Ask those who run it, by a way
that you trust. If the key is new: npubwire forget ${place}
It was remembered in line ${line} of ${file}.`,
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw unusable(file, "cannot be read", error);
  }
}

function unusable(file: string, problem: string, cause?: unknown): KnownRelaysError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new KnownRelaysError(
    "file",
    `${file}: ${problem}${reason}`,
    "Which relays are known cannot be told, so none is dialled. Repair the file.",
  );
}
