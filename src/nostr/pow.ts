/** Proof of work on events (NIP-13): how many bits an id shows, and how many were meant. */

import type { NostrEvent } from "./event.ts";

/**
 * The difficulty that an event can claim: the leading zero bits of its id, but no more than it has
 * committed to in its `nonce` tag. Whoever aimed at less and was lucky has done less work.
 */
export function difficultyOf(event: Pick<NostrEvent, "id" | "tags">): number {
  const bits = leadingZeroBits(event.id);
  const [, , target] = event.tags.find(([name]) => name === "nonce") ?? [];
  return target !== undefined && /^\d{1,3}$/.test(target) ? Math.min(bits, Number(target)) : bits;
}

function leadingZeroBits(hex: string): number {
  const first = hex.search(/[^0]/);
  if (first === -1) return 4 * hex.length;
  return 4 * first + Math.clz32(Number.parseInt(hex.charAt(first), 16)) - 28;
}
