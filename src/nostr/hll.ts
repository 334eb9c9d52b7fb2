/**
 * HyperLogLog (NIP-45): how many different authors, in 256 registers that relays and clients can
 * merge. Where in a public key the algorithm looks depends on what is asked for.
 */

import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../crypto.ts";
import type { Filter } from "./filter.ts";
import { isHex32, type PublicKey } from "./key.ts";

const REGISTERS = 256;
const ADDRESS = /^\d+:([0-9a-f]{64}):/;

export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);
  readonly #offset: number;

  /** `offset` is a byte of a public key, 8 to 23; see {@link hllOffset}. */
  constructor(offset: number) {
    this.#offset = offset;
  }

  add(author: PublicKey): void {
    const bytes = hexToBytes(author);
    const register = bytes[this.#offset] ?? 0;
    const rank = leadingZeroBits(bytes.subarray(this.#offset + 1)) + 1;
    this.#registers[register] = Math.max(this.#registers[register] ?? 0, rank);
  }

  /** The registers, one byte each: 512 hex digits. */
  get hex(): string {
    return bytesToHex(this.#registers);
  }
}

/**
 * The offset that NIP-45 derives from the first value of the first `#` condition; `undefined` for
 * filters without one, about which the NIP says nothing.
 */
export function hllOffset(
  filter: Filter,
  crypto: Pick<CryptoProvider, "sha256">,
): number | undefined {
  const [values] = filter.tags.values();
  const [value] = values ?? [];
  if (value === undefined) return undefined;
  return Number.parseInt(hex32Of(value, crypto).charAt(32), 16) + 8;
}

/** An id or key itself, the key in an address, the hash of all else. */
function hex32Of(value: string, crypto: Pick<CryptoProvider, "sha256">): string {
  if (isHex32(value)) return value;
  return ADDRESS.exec(value)?.[1] ?? bytesToHex(crypto.sha256(utf8ToBytes(value)));
}

function leadingZeroBits(bytes: Uint8Array): number {
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return zeros === -1 ? 8 * bytes.length : 8 * zeros + Math.clz32(bytes[zeros] ?? 0) - 24;
}
