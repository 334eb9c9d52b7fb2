/** When an event ceases to exist (NIP-40). */

import { MAX_CREATED_AT, type NostrEvent, tagValue } from "./event.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

/** Decimal digits, as many as {@link MAX_CREATED_AT} has. */
const SECONDS = /^\d{1,10}$/;

/**
 * The first `expiration` tag in Unix seconds; `undefined` without one. Whatever is no time between 0
 * and {@link MAX_CREATED_AT} is malformed: milliseconds, signs, fractions, words.
 */
export function parseExpiration(event: NostrEvent): Parsed<number | undefined> {
  const value = tagValue(event, "expiration");
  if (value === undefined) return parsed(undefined);
  const seconds = SECONDS.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
  return seconds <= MAX_CREATED_AT
    ? parsed(seconds)
    : malformed("expiration is not a unix time in seconds");
}

/** The second from which on the event is gone; none where the tag says nothing that can be read. */
export function expirationOf(event: NostrEvent): number | undefined {
  const expiration = parseExpiration(event);
  return expiration.ok ? expiration.value : undefined;
}

export function isExpired(event: NostrEvent, now: number): boolean {
  const expiration = expirationOf(event);
  return expiration !== undefined && expiration <= now;
}
