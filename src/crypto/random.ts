/**
 * Random bytes for Node, many drawn at a time: each draw costs a handshake as much as deriving one
 * of its keys.
 */

import { randomFillSync } from "node:crypto";

/** What is handed out next, from behind. Nothing of it stays here once it is. */
const drawn = new Uint8Array(1_024);
let left = 0;

export function randomBytes(length: number): Uint8Array {
  if (length > drawn.length) return randomFillSync(new Uint8Array(length));
  if (length > left) {
    randomFillSync(drawn);
    left = drawn.length;
  }
  const bytes = drawn.slice(left - length, left);
  drawn.fill(0, left - length, left);
  left -= length;
  return bytes;
}
