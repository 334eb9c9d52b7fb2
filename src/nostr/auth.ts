/** Classic NIP-42, for plain connections: the event must answer this challenge, for this relay. */

import { type NostrEvent, tagValue, type VerifiedEvent } from "./event.ts";
import type { PublicKey } from "./key.ts";
import { KIND_AUTH } from "./kind.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

/** Seconds that an event may differ from the relay's clock (NIP-42: "within ~10 minutes"). */
const TIME_WINDOW = 600;

export interface AuthExpectation {
  readonly challenge: string;
  /** Whether a URL names this relay. */
  isOwnUrl(url: string): boolean;
  /** Unix seconds. */
  readonly now: number;
}

/** The key that the event proves, or why it proves none. Each condition is checked on its own. */
export function checkAuth(event: VerifiedEvent, expected: AuthExpectation): Parsed<PublicKey> {
  if (event.kind !== KIND_AUTH) return malformed("not an auth event (kind 22242)");
  if (tagValue(event, "challenge") !== expected.challenge) {
    return malformed("the challenge is not of this connection");
  }
  if (isChannelBound(event)) {
    return malformed("the event was signed for an encrypted channel");
  }
  if (!expected.isOwnUrl(tagValue(event, "relay") ?? "")) {
    return malformed("the relay tag names another relay");
  }
  if (Math.abs(event.created_at - expected.now) > TIME_WINDOW) {
    return malformed("created_at is too far from the relay's clock");
  }
  return parsed(event.pubkey);
}

/** An event of a secure channel has no meaning outside of it. */
function isChannelBound(event: NostrEvent): boolean {
  return tagValue(event, "transport") !== undefined;
}
