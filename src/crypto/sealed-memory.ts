/**
 * Memory for what is sealed. The short share a slab, and the long get what others have been written
 * from: left to the collector, every 64 MB of them, which is less than a second of busy answers,
 * would make it walk through the whole heap.
 */

import { plain } from "./bytes.ts";

/** Node gives small buffers shares of one pool, but an ArrayBuffer of its own to each above this. */
const SHARED_BYTES = 4_096;
const SLAB_BYTES = 65_536;
let slab: Uint8Array = new Uint8Array(0);
let used = 0;

/** As long as the longest frame (SPEC, "Frames"); what is not half of it would waste most of that. */
const LONG_BYTES = 65_536;
/** What one link writes at once, and some. */
const MAX_KEPT = 64;
const kept: ArrayBufferLike[] = [];
/** What was allocated here and has not come back. */
const lent = new WeakSet<ArrayBufferLike>();

/** Not zeroed. An ArrayBuffer for each frame of an event would cost more than its encryption. */
export function allocate(length: number): Uint8Array {
  if (length > LONG_BYTES / 2 && length <= LONG_BYTES) return long(length);
  if (length < SHARED_BYTES || length > SLAB_BYTES / 4) return plain(Buffer.allocUnsafe(length));
  if (used + length > slab.length) {
    slab = plain(Buffer.allocUnsafeSlow(SLAB_BYTES));
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}

/** Gives back what `allocate` gave, where it pays. Nobody may read it any more. */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (lent.delete(buffer) && kept.length < MAX_KEPT) kept.push(buffer);
}

function long(length: number): Uint8Array {
  const buffer = kept.pop() ?? Buffer.allocUnsafeSlow(LONG_BYTES).buffer;
  lent.add(buffer);
  return new Uint8Array(buffer, 0, length);
}
