/**
 * The limits on events that the operator sets, as a policy (NIP-11, "Server Limitations"). The
 * length of messages is enforced by channels, everything about subscriptions by the relay.
 */

import type { Clock } from "../clock.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { difficultyOf } from "../nostr/pow.ts";
import { accept, type Limits, type Policy, reject, type Verdict } from "../policy.ts";

/** Rejects events beyond the limits with `invalid:` (or `pow:`) and the limit that they break. */
export function limitsPolicy(limits: Limits, clock: Clock): Policy {
  return { write: (event) => withinLimits(event, limits, clock.now()) };
}

function withinLimits(event: VerifiedEvent, limits: Limits, now: number): Verdict {
  if (event.tags.length > limits.maxEventTags) {
    return reject("invalid", `an event may have at most ${limits.maxEventTags} tags`);
  }
  if (isLongerThan(event.content, limits.maxContentLength)) {
    return reject("invalid", `content may have at most ${limits.maxContentLength} characters`);
  }
  const { createdAtLowerLimit: past, createdAtUpperLimit: future } = limits;
  if (past > 0 && event.created_at < now - past) {
    return reject("invalid", `created_at is more than ${past} seconds in the past`);
  }
  if (event.created_at > now + future) {
    return reject("invalid", `created_at is more than ${future} seconds in the future`);
  }
  const difficulty = difficultyOf(event);
  if (difficulty < limits.minPowDifficulty) {
    return reject("pow", `difficulty ${difficulty} is less than ${limits.minPowDifficulty}`);
  }
  return accept;
}

/** Counts Unicode characters, but only where UTF-16 units leave it open. */
function isLongerThan(text: string, max: number): boolean {
  if (text.length <= max) return false;
  if (text.length > 2 * max) return true;
  let characters = 0;
  for (const _ of text) characters += 1;
  return characters > max;
}
