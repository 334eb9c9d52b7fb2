/**
 * Messages of negentropy protocol 1 (NIP-77, appendix): bytes to ranges and back.
 */

import { type Bound, compareIds, ID_LENGTH } from "./id-set.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

/** The records from where the range before ends up to `end`, and what the sender says of them. */
export type Range =
  | { readonly mode: "skip"; readonly end: Bound }
  | { readonly mode: "fingerprint"; readonly end: Bound; readonly fingerprint: Uint8Array }
  /** `ids`: 32 bytes each, one behind the other. */
  | { readonly mode: "ids"; readonly end: Bound; readonly ids: Uint8Array };

export const PROTOCOL_VERSION = 0x61;

/** In bytes. */
export const FINGERPRINT_LENGTH = 16;
/** Most bytes of a range besides its fingerprint or ids: time, length and bytes of the id, mode, count. */
export const MAX_RANGE_HEAD: number = 8 + 1 + ID_LENGTH + 1 + 4;

const SKIP = 0;
const FINGERPRINT = 1;
const IDS = 2;

/** Reads the ranges of a message of our version. */
export function parseRanges(message: Uint8Array): Parsed<readonly Range[]> {
  const reader = new Reader(message);
  const ranges: Range[] = [];
  let last: Bound = { time: 0, idPrefix: new Uint8Array() };
  while (!reader.isAtEnd) {
    const range = readRange(reader, last.time);
    if (range === undefined) return malformed("the negentropy message is damaged");
    if (isBelow(range.end, last)) return malformed("negentropy ranges must ascend");
    ranges.push(range);
    last = range.end;
  }
  return parsed(ranges);
}

/** The message, our version byte first. A skip at the end goes without saying. */
export function encodeRanges(ranges: readonly Range[]): Uint8Array {
  const writer = new RangeWriter();
  for (const range of ranges) writer.write(range);
  return writer.message();
}

export class RangeWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #length = 0;
  #lastTime = 0;
  #skipped: Bound | undefined;

  constructor() {
    this.#append(Uint8Array.of(PROTOCOL_VERSION));
  }

  /** In bytes, without a skip that is still due. */
  get length(): number {
    return this.#length;
  }

  /** Several skips become one, which is written when something follows it. */
  write(range: Range): void {
    if (range.mode === "skip") {
      this.#skipped = range.end;
      return;
    }
    if (this.#skipped) this.#writeHead(this.#skipped, SKIP);
    this.#skipped = undefined;
    if (range.mode === "fingerprint") {
      this.#writeHead(range.end, FINGERPRINT);
      this.#append(range.fingerprint);
    } else {
      this.#writeHead(range.end, IDS);
      this.#append(varint(range.ids.length / ID_LENGTH));
      this.#append(range.ids);
    }
  }

  message(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #writeHead({ time, idPrefix }: Bound, mode: number): void {
    this.#append(varint(time === Number.POSITIVE_INFINITY ? 0 : time - this.#lastTime + 1));
    this.#append(varint(idPrefix.length));
    this.#append(idPrefix);
    this.#append(varint(mode));
    this.#lastTime = time;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }
}

/** Base 128, the highest digit first, a high bit on all but the last. */
export function varint(value: number): Uint8Array {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) | 128);
  }
  return Uint8Array.from(digits);
}

/** Methods return `undefined` where the message ends too early or says what cannot be. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 1; // behind the version

  constructor(message: Uint8Array) {
    this.#bytes = message;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** As short as can be, and a number that JavaScript can hold. */
  varint(): number | undefined {
    let value = 0;
    const start = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || (byte === 0x80 && this.#at === start)) return undefined;
      this.#at += 1;
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) return undefined;
      if (byte < 128) return value;
    }
  }

  bytes(length: number): Uint8Array | undefined {
    if (length > this.#bytes.length - this.#at) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function readRange(reader: Reader, lastTime: number): Range | undefined {
  const end = readBound(reader, lastTime);
  if (end === undefined) return undefined;
  switch (reader.varint()) {
    case SKIP:
      return { mode: "skip", end };
    case FINGERPRINT: {
      const fingerprint = reader.bytes(FINGERPRINT_LENGTH);
      return fingerprint && { mode: "fingerprint", end, fingerprint };
    }
    case IDS: {
      const ids = reader.bytes((reader.varint() ?? Number.POSITIVE_INFINITY) * ID_LENGTH);
      return ids && { mode: "ids", end, ids };
    }
    default:
      return undefined;
  }
}

function readBound(reader: Reader, lastTime: number): Bound | undefined {
  const offset = reader.varint();
  const length = reader.varint();
  if (offset === undefined || length === undefined || length > ID_LENGTH) return undefined;
  const idPrefix = reader.bytes(length);
  const time = offset === 0 ? Number.POSITIVE_INFINITY : lastTime + (offset - 1);
  const isExact = time === Number.POSITIVE_INFINITY || Number.isSafeInteger(time);
  return idPrefix && isExact ? { time, idPrefix } : undefined;
}

function isBelow(a: Bound, b: Bound): boolean {
  return a.time === b.time ? compareIds(a.idPrefix, b.idPrefix) < 0 : a.time < b.time;
}
