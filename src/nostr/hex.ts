/**
 * Lower-case hex digits, as NIP-01 spells ids, keys and signatures. By a table, for there are three
 * of them in every event: regular expressions and @noble/hashes take three times as long.
 */

/** Whether the text is so many lower-case hex digits. */
export function isHex(text: string, digits: number): boolean {
  if (text.length !== digits) return false;
  for (let at = 0; at < digits; at += 1) if (valueAt(text, at) === NONE) return false;
  return true;
}

/** The bytes of lower-case hex digits. Throws a RangeError when they are something else. */
export function bytesOfHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new RangeError("an odd number of hex digits");
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = 16 * valueAt(text, 2 * at) + valueAt(text, 2 * at + 1);
    if (byte >= NONE) throw new RangeError("not lower-case hex digits");
    bytes[at] = byte;
  }
  return bytes;
}

/** More than a byte can hold, so that it shows in a sum. */
const NONE = 256;
const VALUES = new Uint16Array(128).fill(NONE);
for (const [value, digit] of [..."0123456789abcdef"].entries()) VALUES[digit.charCodeAt(0)] = value;

function valueAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? NONE;
}
