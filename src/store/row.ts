/** An event as SQLite rows (`migrations/sqlite/0001-events.sql`): its place, its values, its text. */

import { type NostrEvent, parseEvent } from "../nostr/event.ts";
import { type EventId, isHex32 } from "../nostr/key.ts";

export type SqlValue = string | number | Buffer;

/**
 * A place in the order of answers: the column seq in two halves, because its 63 bits do not fit a
 * JS number. `(second << 30) | rank` in SQL puts them together.
 */
export interface Position {
  /** The event's created_at. */
  readonly second: number;
  /** 0 to {@link MAX_RANK}. Inside a second the highest rank, hence the lowest id, comes first. */
  readonly rank: number;
}

export const MAX_RANK: number = 2 ** 30 - 1;

/** The rank that an id asks for. */
export function rankOf(id: EventId): number {
  return MAX_RANK - (Number.parseInt(id.slice(0, 8), 16) >>> 2);
}

/** The place right after. */
export function below({ second, rank }: Position): Position {
  return rank > 0 ? { second, rank: rank - 1 } : { second: second - 1, rank: MAX_RANK };
}

/** Negative if `a` comes before `b` in answers. */
export function comparePositions(a: Position, b: Position): number {
  return b.second - a.second || b.rank - a.rank;
}

/**
 * The stored form of an id, a key, a kind or a tag value: 64 lower-case hex digits become their 32
 * bytes, all else stays. Nothing else is ever stored as bytes, so no two values share a form.
 */
export function toSql(value: string | number): SqlValue {
  return isHex32(value) ? Buffer.from(value, "hex") : value;
}

/** Reads the column json. */
export function fromJson(json: string): NostrEvent {
  const event = parseEvent(JSON.parse(json));
  if (!event.ok) throw new Error(`a stored event is damaged: ${event.reason}`);
  return event.value;
}
