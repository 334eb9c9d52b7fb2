/**
 * The ids that one end of a reconciliation has (NIP-77): sorted, packed, and ready to tell the sum
 * of any stretch. About 42 bytes a record, because a relay holds hundreds of thousands of them.
 */

import { hexToBytes } from "@noble/hashes/utils.js";
import type { NostrEvent } from "./event.ts";

/**
 * Lies below every record that has a later time, or the same time and an id that is not lower.
 * What is missing of the id is zeros.
 */
export interface Bound {
  /** Unix seconds; `Infinity` lies above everything. */
  readonly time: number;
  /** The first 0 to 32 bytes of an id. */
  readonly idPrefix: Uint8Array;
}

export const ID_LENGTH = 32;

/** 32-bit digits of an id or a sum, the lowest first. */
const DIGITS = 8;
const DIGIT_BASE = 2 ** 32;
/** Records between two sums that are kept. */
const STRIDE = 16;
const FIRST_CAPACITY = 256;

/** Order of ids and of their prefixes; what is missing counts as zeros. */
export function compareIds(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < ID_LENGTH; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Records in ascending order: by time, then by id. They come newest first, which is how stores give
 * them, and lie in memory that way; so there is little left to do when the last one has come.
 * Stretches are half-open, [from, to).
 */
export class IdSet {
  #times = new Float64Array(FIRST_CAPACITY);
  #ids = new DataView(new ArrayBuffer(FIRST_CAPACITY * ID_LENGTH));
  /** The sum of the first n × STRIDE ids in memory, for every n. */
  #sums = new Uint32Array((FIRST_CAPACITY / STRIDE + 1) * DIGITS);
  readonly #sum = new Uint32Array(DIGITS);
  #length = 0;
  /** How many records are in their final order and summed up. */
  #settled = 0;

  get length(): number {
    return this.#length;
  }

  /** Each id once, none later than the one before; those of one second come in any order. */
  add({ created_at, id }: Pick<NostrEvent, "created_at" | "id">): void {
    if (this.#times[this.#length - 1] !== created_at) this.seal();
    if (this.#length === this.#times.length) this.#grow();
    this.#times[this.#length] = created_at;
    this.#bytesAt(this.#length).set(hexToBytes(id));
    this.#length += 1;
  }

  /** To be called behind the last `add`, before anything is asked. */
  seal(): void {
    this.#orderLastSecond();
    for (; this.#settled < this.#length; this.#settled += 1) {
      this.#addTo(this.#sum, this.#settled);
      const summed = this.#settled + 1;
      if (summed % STRIDE === 0) this.#sums.set(this.#sum, DIGITS * (summed / STRIDE));
    }
  }

  /** How many records lie below the bound, at least `from`. */
  countBelow(bound: Bound, from = 0): number {
    let [low, high] = [from, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBelow(middle, bound)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The shortest bound with this record above it and the one before it below. */
  boundAt(index: number): Bound {
    const time = this.#timeAt(index);
    if (index === 0 || this.#timeAt(index - 1) !== time)
      return { time, idPrefix: new Uint8Array() };
    const [id, before] = [this.#idAt(index), this.#idAt(index - 1)];
    const common = id.findIndex((byte, at) => byte !== before[at]);
    return { time, idPrefix: id.slice(0, common + 1) };
  }

  /** The ids of a stretch, 32 bytes each, one behind the other. */
  ids(from: number, to: number): Uint8Array {
    const ids = new Uint8Array((to - from) * ID_LENGTH);
    for (let index = from; index < to; index += 1) {
      ids.set(this.#idAt(index), (index - from) * ID_LENGTH);
    }
    return ids;
  }

  /** The sum of a stretch's ids, modulo 2^256, all of them little-endian. */
  sum(from: number, to: number): Uint8Array {
    const minuend = this.#sumOfFirst(this.#length - from);
    const subtrahend = this.#sumOfFirst(this.#length - to);
    const sum = new DataView(new ArrayBuffer(ID_LENGTH));
    let borrow = 0;
    for (let digit = 0; digit < DIGITS; digit += 1) {
      const difference = (minuend[digit] ?? 0) - (subtrahend[digit] ?? 0) - borrow;
      borrow = difference < 0 ? 1 : 0;
      sum.setUint32(4 * digit, difference, true);
    }
    return new Uint8Array(sum.buffer);
  }

  /** Highest id first, as the records of a second must lie for the order of memory. */
  #orderLastSecond(): void {
    if (this.#length - this.#settled < 2) return;
    const count = this.#length - this.#settled;
    const ids = Array.from({ length: count }, (_, n) => this.#bytesAt(this.#settled + n).slice());
    ids.sort((a, b) => compareIds(b, a));
    for (const [n, id] of ids.entries()) this.#bytesAt(this.#settled + n).set(id);
  }

  /** In the order of memory. */
  #sumOfFirst(count: number): Uint32Array {
    const kept = Math.floor(count / STRIDE);
    const sum = this.#sums.slice(DIGITS * kept, DIGITS * (kept + 1));
    for (let position = kept * STRIDE; position < count; position += 1) this.#addTo(sum, position);
    return sum;
  }

  #addTo(sum: Uint32Array, position: number): void {
    let carry = 0;
    for (let digit = 0; digit < DIGITS; digit += 1) {
      const addend = this.#ids.getUint32(ID_LENGTH * position + 4 * digit, true);
      const result = (sum[digit] ?? 0) + addend + carry;
      sum[digit] = result;
      carry = result >= DIGIT_BASE ? 1 : 0;
    }
  }

  #isBelow(index: number, { time, idPrefix }: Bound): boolean {
    const own = this.#timeAt(index);
    return own === time ? compareIds(this.#idAt(index), idPrefix) < 0 : own < time;
  }

  #timeAt(index: number): number {
    return this.#times[this.#length - 1 - index] ?? Number.POSITIVE_INFINITY;
  }

  #idAt(index: number): Uint8Array {
    return this.#bytesAt(this.#length - 1 - index);
  }

  #bytesAt(position: number): Uint8Array {
    return new Uint8Array(this.#ids.buffer, position * ID_LENGTH, ID_LENGTH);
  }

  #grow(): void {
    const [times, ids, sums] = [this.#times, this.#ids, this.#sums];
    this.#times = new Float64Array(2 * times.length);
    this.#times.set(times);
    const grown = new Uint8Array(2 * ids.byteLength);
    grown.set(new Uint8Array(ids.buffer));
    this.#ids = new DataView(grown.buffer);
    this.#sums = new Uint32Array(2 * sums.length);
    this.#sums.set(sums);
  }
}
