/**
 * Negentropy protocol 1 (NIP-77, appendix), from the side that answers: a message of ranges in, the
 * message that answers it out. Nothing is remembered from one message to the next.
 */

import { concatBytes } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../crypto.ts";
import { type Bound, ID_LENGTH, type IdSet } from "./id-set.ts";
import {
  FINGERPRINT_LENGTH,
  MAX_RANGE_HEAD,
  PROTOCOL_VERSION,
  parseRanges,
  type Range,
  RangeWriter,
  varint,
} from "./negentropy-message.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

const VERSIONS = { first: 0x60, last: 0x6f };
/** Above everything. */
const END: Bound = { time: Number.POSITIVE_INFINITY, idPrefix: new Uint8Array() };
/** Parts that a range is split into; one that is too small for that is given as ids. */
const PARTS = 16;
const MIN_SPLIT = 2 * PARTS;
/** A skip that is due, and the fingerprint of all that there was no room for. */
const MAX_ENDING = 2 * MAX_RANGE_HEAD + FINGERPRINT_LENGTH;
/** The answer to one fingerprint: parts, or ids. */
const MAX_SPLIT = Math.max(
  PARTS * (MAX_RANGE_HEAD + FINGERPRINT_LENGTH),
  MAX_RANGE_HEAD + MIN_SPLIT * ID_LENGTH,
);

/** Shortest limit for answers, in bytes. */
export const MIN_MAX_LENGTH = 4096;

/**
 * The answer to a message, at most `maxLength` bytes (at least {@link MIN_MAX_LENGTH}) long: what
 * does not fit is put off to the next one. Whoever speaks another version is told which one we do.
 */
export function answerNegentropy(
  message: Uint8Array,
  own: IdSet,
  maxLength: number,
  crypto: Pick<CryptoProvider, "sha256">,
): Parsed<Uint8Array> {
  const [version = 0] = message;
  if (version < VERSIONS.first || version > VERSIONS.last) {
    return malformed("not a negentropy message");
  }
  if (version !== PROTOCOL_VERSION) return parsed(Uint8Array.of(PROTOCOL_VERSION));
  const ranges = parseRanges(message);
  if (!ranges.ok) return ranges;
  return parsed(new Answer(own, maxLength, crypto).to(ranges.value));
}

export function fingerprintOf(
  own: IdSet,
  from: number,
  to: number,
  { sha256 }: Pick<CryptoProvider, "sha256">,
): Uint8Array {
  const hash = sha256(concatBytes(own.sum(from, to), varint(to - from)));
  return hash.subarray(0, FINGERPRINT_LENGTH);
}

class Answer {
  readonly #own: IdSet;
  readonly #maxLength: number;
  readonly #crypto: Pick<CryptoProvider, "sha256">;
  readonly #writer = new RangeWriter();

  constructor(own: IdSet, maxLength: number, crypto: Pick<CryptoProvider, "sha256">) {
    this.#own = own;
    this.#maxLength = maxLength;
    this.#crypto = crypto;
  }

  to(ranges: readonly Range[]): Uint8Array {
    let from = 0;
    for (const range of ranges) {
      if (this.#room < MAX_SPLIT) return this.#putOff(from);
      const to = this.#own.countBelow(range.end, from);
      if (range.mode === "ids") {
        const told = this.#tellIds(from, to, range.end);
        if (told < to) return this.#putOff(told);
      } else if (range.mode === "fingerprint" && !this.#hasFingerprint(from, to, range)) {
        this.#split(from, to, range.end);
      } else {
        this.#writer.write({ mode: "skip", end: range.end });
      }
      from = to;
    }
    return this.#writer.message();
  }

  get #room(): number {
    return this.#maxLength - MAX_ENDING - this.#writer.length;
  }

  #hasFingerprint(
    from: number,
    to: number,
    { fingerprint }: Extract<Range, { mode: "fingerprint" }>,
  ): boolean {
    const own = fingerprintOf(this.#own, from, to, this.#crypto);
    return own.every((byte, at) => byte === fingerprint[at]);
  }

  /** Says what we have, so that the other end sees what is missing where; returns how far it got. */
  #tellIds(from: number, to: number, end: Bound): number {
    const fitting = Math.floor((this.#room - MAX_RANGE_HEAD) / ID_LENGTH);
    const told = Math.min(to, from + fitting);
    const reached = told < to ? this.#own.boundAt(told) : end;
    this.#writer.write({ mode: "ids", end: reached, ids: this.#own.ids(from, told) });
    return told;
  }

  #split(from: number, to: number, end: Bound): void {
    const size = to - from;
    if (size < MIN_SPLIT) {
      this.#writer.write({ mode: "ids", end, ids: this.#own.ids(from, to) });
      return;
    }
    for (let part = 0; part < PARTS; part += 1) {
      const start = from + Math.floor((size * part) / PARTS);
      const stop = from + Math.floor((size * (part + 1)) / PARTS);
      this.#writeFingerprint(start, stop, stop === to ? end : this.#own.boundAt(stop));
    }
  }

  /** The message is full: one fingerprint stands for everything that is left. */
  #putOff(from: number): Uint8Array {
    this.#writeFingerprint(from, this.#own.length, END);
    return this.#writer.message();
  }

  #writeFingerprint(from: number, to: number, end: Bound): void {
    const fingerprint = fingerprintOf(this.#own, from, to, this.#crypto);
    this.#writer.write({ mode: "fingerprint", end, fingerprint });
  }
}
