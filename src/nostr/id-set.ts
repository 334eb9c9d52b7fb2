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

/** Takes records newest first, which is how stores give them, and turns them round. */
export class IdSetBuilder {
  #times = new Float64Array(FIRST_CAPACITY);
  #ids = new Uint8Array(FIRST_CAPACITY * ID_LENGTH);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Each id once, none later than the one before; those of one second come in any order. */
  add({ created_at, id }: Pick<NostrEvent, "created_at" | "id">): void {
    if (this.#length === this.#times.length) this.#grow();
    this.#times[this.#length] = created_at;
    this.#ids.set(hexToBytes(id), this.#length * ID_LENGTH);
    this.#length += 1;
  }

  build(): IdSet {
    const times = this.#times.slice(0, this.#length).reverse();
    const ids = new Uint8Array(this.#length * ID_LENGTH);
    let end = this.#length;
    let built = 0;
    while (end > 0) {
      const start = this.#startOfSecond(end);
      const second = Array.from({ length: end - start }, (_, index) => this.#idAt(start + index));
      if (second.length > 1) second.sort(compareIds);
      for (const id of second) ids.set(id, ID_LENGTH * built++);
      end = start;
    }
    return new IdSet(times, ids);
  }

  #startOfSecond(end: number): number {
    let start = end - 1;
    while (start > 0 && this.#times[start - 1] === this.#times[start]) start -= 1;
    return start;
  }

  #idAt(index: number): Uint8Array {
    return this.#ids.subarray(index * ID_LENGTH, (index + 1) * ID_LENGTH);
  }

  #grow(): void {
    const [times, ids] = [this.#times, this.#ids];
    this.#times = new Float64Array(2 * times.length);
    this.#times.set(times);
    this.#ids = new Uint8Array(2 * ids.length);
    this.#ids.set(ids);
  }
}

/** Order of ids and of their prefixes; what is missing counts as zeros. */
export function compareIds(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < ID_LENGTH; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Records in ascending order: by time, then by id. Stretches are half-open, [from, to). */
export class IdSet {
  readonly #times: Float64Array;
  readonly #ids: Uint8Array;
  readonly #digits: DataView;
  /** The sum of the first n × STRIDE ids, for every n. */
  readonly #sums: Uint32Array;

  /** For `IdSetBuilder`. */
  constructor(times: Float64Array, ids: Uint8Array) {
    this.#times = times;
    this.#ids = ids;
    this.#digits = new DataView(ids.buffer, ids.byteOffset, ids.byteLength);
    this.#sums = new Uint32Array(DIGITS * (Math.floor(times.length / STRIDE) + 1));
    const sum = new Uint32Array(DIGITS);
    for (let index = 0; index < times.length; index += 1) {
      if (index % STRIDE === 0) this.#sums.set(sum, DIGITS * (index / STRIDE));
      this.#addTo(sum, index);
    }
    if (times.length % STRIDE === 0) this.#sums.set(sum, DIGITS * (times.length / STRIDE));
  }

  get length(): number {
    return this.#times.length;
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
    const time = this.#times[index] ?? Number.POSITIVE_INFINITY;
    if (index === 0 || this.#times[index - 1] !== time) return { time, idPrefix: new Uint8Array() };
    const [id, before] = [this.ids(index, index + 1), this.ids(index - 1, index)];
    const common = id.findIndex((byte, at) => byte !== before[at]);
    return { time, idPrefix: id.slice(0, common + 1) };
  }

  /** The ids of a stretch, 32 bytes each, one behind the other. Not a copy. */
  ids(from: number, to: number): Uint8Array {
    return this.#ids.subarray(from * ID_LENGTH, to * ID_LENGTH);
  }

  /** The sum of a stretch's ids, modulo 2^256, all of them little-endian. */
  sum(from: number, to: number): Uint8Array {
    const [minuend, subtrahend] = [this.#sumBelow(to), this.#sumBelow(from)];
    const sum = new DataView(new ArrayBuffer(ID_LENGTH));
    let borrow = 0;
    for (let digit = 0; digit < DIGITS; digit += 1) {
      const difference = (minuend[digit] ?? 0) - (subtrahend[digit] ?? 0) - borrow;
      borrow = difference < 0 ? 1 : 0;
      sum.setUint32(4 * digit, difference, true);
    }
    return new Uint8Array(sum.buffer);
  }

  #sumBelow(index: number): Uint32Array {
    const kept = Math.floor(index / STRIDE);
    const sum = this.#sums.slice(DIGITS * kept, DIGITS * (kept + 1));
    for (let at = kept * STRIDE; at < index; at += 1) this.#addTo(sum, at);
    return sum;
  }

  #addTo(sum: Uint32Array, index: number): void {
    let carry = 0;
    for (let digit = 0; digit < DIGITS; digit += 1) {
      const addend = this.#digits.getUint32(ID_LENGTH * index + 4 * digit, true);
      const result = (sum[digit] ?? 0) + addend + carry;
      sum[digit] = result;
      carry = result >= DIGIT_BASE ? 1 : 0;
    }
  }

  #isBelow(index: number, { time, idPrefix }: Bound): boolean {
    const own = this.#times[index] ?? 0;
    return own === time ? compareIds(this.ids(index, index + 1), idPrefix) < 0 : own < time;
  }
}
