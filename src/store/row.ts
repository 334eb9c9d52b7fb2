/** An event as SQLite rows (`migrations/sqlite/0001-events.sql`): its seq, its values, its text. */

import { type NostrEvent, parseEvent } from "../nostr/event.ts";
import { isHex32 } from "../nostr/key.ts";

export type SqlValue = string | number | bigint | Buffer | null;

/** Bits of seq that tell the events of one second apart. */
const RANK_BITS = 30;
const MAX_RANK = 2 ** RANK_BITS - 1;

/**
 * The place in the order of answers that an event asks for. 63 bits, hence a bigint: created_at,
 * then 2^30 − 1 − the first 30 bits of the id, so that descending seq is newest first with ties
 * lowest id first.
 */
export function seqOf({ created_at, id }: NostrEvent): bigint {
  const rank = MAX_RANK - (Number.parseInt(id.slice(0, 8), 16) >>> (32 - RANK_BITS));
  return lowestSeq(created_at) + BigInt(rank);
}

/** The last place of a second. */
export function lowestSeq(second: number): bigint {
  return BigInt(second) << BigInt(RANK_BITS);
}

/** The first place of a second. */
export function highestSeq(second: number): bigint {
  return lowestSeq(second) + BigInt(MAX_RANK);
}

/** The second that a place is in. */
export function secondOf(seq: bigint): number {
  return Number(seq >> BigInt(RANK_BITS));
}

/**
 * The stored form of an id, a key, a kind or a tag value: 64 lower-case hex digits become their 32
 * bytes, all else stays. Nothing else is ever stored as bytes, so no two values share a form.
 */
export function toSql(value: string | number): SqlValue {
  return isHex32(value) ? Buffer.from(value, "hex") : value;
}

/** What is stored: a verified event, also after it has gone from one thread to another. */
export interface EventAndText extends NostrEvent {
  /** Canonical JSON. */
  readonly json: string;
}

/** The event of a canonical text that was made from a verified event in this process. */
export function withText(json: string): EventAndText {
  return { ...(JSON.parse(json) as NostrEvent), json };
}

/** Reads the column json. */
export function fromJson(json: string): NostrEvent {
  const event = parseEvent(JSON.parse(json));
  if (!event.ok) throw new Error(`a stored event is damaged: ${event.reason}`);
  return event.value;
}
