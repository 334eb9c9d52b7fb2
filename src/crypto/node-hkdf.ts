/**
 * HKDF-SHA256 (RFC 5869) for Node: by our own binding to the OpenSSL that Node carries, one call a
 * key, or by node:crypto, which makes an object for each HMAC and takes four times as long.
 */

import { createHmac } from "node:crypto";

/** Extract and expand. `length` in bytes; throws a RangeError when it is above 255 × 32. */
export type Hkdf = (
  salt: Uint8Array,
  inputKey: Uint8Array,
  info: Uint8Array,
  length: number,
) => Uint8Array;

/** What `native/hkdf.c` exports; throws for an output that is too long. */
export interface HkdfBinding {
  /** Fills `output`. */
  hkdf(salt: Uint8Array, inputKey: Uint8Array, info: Uint8Array, output: Uint8Array): void;
}

const HASH_BYTES = 32;

export function nativeHkdf(binding: HkdfBinding): Hkdf {
  return (salt, inputKey, info, length) => {
    checkOutput(length);
    const output = new Uint8Array(length);
    binding.hkdf(salt, inputKey, info, output);
    return output;
  };
}

/** RFC 5869, section 2. By hand, for `hkdfSync` makes key objects and takes half as long again. */
export const opensslHkdf: Hkdf = (salt, inputKey, info, length) => {
  checkOutput(length);
  const key = createHmac("sha256", salt).update(inputKey).digest();
  const output = new Uint8Array(length);
  let block = Buffer.alloc(0);
  for (let at = 0, i = 1; at < length; at += HASH_BYTES, i += 1) {
    const next = createHmac("sha256", key)
      .update(block)
      .update(info)
      .update(Uint8Array.of(i))
      .digest();
    block.fill(0);
    block = next;
    output.set(block.subarray(0, length - at), at);
  }
  key.fill(0);
  block.fill(0);
  return output;
};

function checkOutput(length: number): void {
  if (length > 255 * HASH_BYTES) throw new RangeError(`${length} bytes are more than HKDF gives`);
}
