/**
 * HKDF (RFC 5869) over HMAC (RFC 2104) with SHA-256. Ours, because noble's, made for every hash and
 * for streams, is felt in what a browser has to load. Two hashes and a loop; RFC 5869's vectors hold it.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";

/** Extract and expand. `length` in bytes, at most 255 × 32. */
export function hkdfSha256(
  salt: Uint8Array,
  inputKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 255 * HASH_BYTES) throw new RangeError(`HKDF yields no ${length} bytes`);
  const key = hmacSha256(salt, inputKey);
  const output = new Uint8Array(length);
  let block = new Uint8Array(0);
  for (let written = 0; written < length; written += HASH_BYTES) {
    const counter = Uint8Array.of(written / HASH_BYTES + 1);
    const message = concatBytes(block, info, counter);
    block.fill(0);
    block = hmacSha256(key, message);
    message.fill(0);
    output.set(block.subarray(0, length - written), written);
  }
  key.fill(0);
  block.fill(0);
  return output;
}

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(BLOCK_BYTES);
  padded.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  const inner = padded.map((byte) => byte ^ 0x36);
  const outer = padded.map((byte) => byte ^ 0x5c);
  const hash = sha256(concatBytes(outer, sha256(concatBytes(inner, message))));
  for (const secret of [padded, inner, outer]) secret.fill(0);
  return new Uint8Array(hash);
}
