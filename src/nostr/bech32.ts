/**
 * Bech32 (BIP-173), the letters in which people see keys (NIP-19). Ours, because the libraries that
 * carry it are a tenth of what a browser has to load; the tests hold it against one of them.
 */

/** `prefix1…` with its checksum. The prefix is lower-case ASCII. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup(bytes, 8, 5);
  const rest = remainder(prefix, words) ^ 1;
  const checksum = CHECKSUM.map((shift) => (rest >> shift) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => ALPHABET[word]).join("")}`;
}

/** The bytes, or `undefined` unless the text is exactly how they are written with this prefix. */
export function decodeBech32(prefix: string, text: string): Uint8Array | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const letters = text.slice(prefix.length + 1, -CHECKSUM.length).toLowerCase();
  const words = [...letters].map((letter) => ALPHABET.indexOf(letter));
  const size = Math.floor((words.length * 5) / 8);
  const bytes = Uint8Array.from(regroup(words, 5, 8).slice(0, size));
  // Prefix, checksum, padding and case at once: each value has two spellings, in small and capitals.
  const whole = encodeBech32(prefix, bytes);
  return text === whole || text === whole.toUpperCase() ? bytes : undefined;
}

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** By how many bits each letter of the checksum is shifted. */
const CHECKSUM = [25, 20, 15, 10, 5, 0];
/** NIP-19's limit; BIP-173 has 90 for its own purpose. */
const MAX_LENGTH = 5_000;

/** Of the division by BIP-173's generator, with room for the checksum. */
function remainder(prefix: string, words: readonly number[]): number {
  const letters = [...prefix].map((letter) => letter.charCodeAt(0));
  const all = [
    ...letters.map((code) => code >> 5),
    0,
    ...letters.map((code) => code & 31),
    ...words,
    ...CHECKSUM.map(() => 0),
  ];
  return all.reduce((sum, word) => {
    const top = sum >> 25;
    const shifted = ((sum & 0x1ffffff) << 5) ^ word;
    return GENERATOR.reduce(
      (value, term, bit) => ((top >> bit) & 1 ? value ^ term : value),
      shifted,
    );
  }, 1);
}

/** Groups of `from` bits to groups of `to` bits, the last one padded with zeros. */
function regroup(groups: Iterable<number>, from: number, to: number): number[] {
  const output: number[] = [];
  let held = 0;
  let bits = 0;
  for (const group of groups) {
    held = ((held << from) | group) & 0xfff;
    bits += from;
    for (; bits >= to; bits -= to) output.push((held >> (bits - to)) & (2 ** to - 1));
  }
  if (bits > 0) output.push((held << (to - bits)) & (2 ** to - 1));
  return output;
}
