/** One thing that must fail: who is fed, what went before, and the class that it fails with. */

import { type Bytes, hex } from "../reference.ts";

export type Fed = "relay" | "client";

/** What one end gets from its WebSocket: bytes in hex, or one of the others. */
export type Input =
  | string
  | { readonly text: string }
  | { readonly repeat: string; readonly times: number }
  | { readonly end: true }
  | { readonly n: number; readonly frame: string };

export interface Scenario {
  readonly name: string;
  readonly class: string;
  readonly fed: Fed;
  readonly at: "opening" | "before first" | "first" | "later";
  /** The fed end's own handshake, in `handshake.json`. */
  readonly handshake: string;
  readonly offer?: string;
  readonly subprotocol?: string;
  readonly event?: unknown;
  /** Unix seconds at the fed end; the vectors' time where it is missing. */
  readonly clock?: number;
  readonly accepted?: readonly Input[];
  readonly input?: Input;
}

/** The same bytes but for one bit. */
export function flipped(bytes: Bytes, index: number, bit = 0): Bytes {
  return bytes.map((byte, at) =>
    at === (index + bytes.length) % bytes.length ? byte ^ (1 << bit) : byte,
  );
}

/** Hex, or a shorter way to say the same where all bytes are zero. */
export function asInput(bytes: Bytes): Input {
  const long = bytes.length > 4096 && bytes.every((byte) => byte === 0);
  return long ? { repeat: "00", times: bytes.length } : hex(bytes);
}
