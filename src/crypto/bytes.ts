/** What node:crypto and Buffer make, as the rest of the house knows bytes. */

/** The same bytes without Buffer's own ideas, such as a `slice` that does not copy. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
