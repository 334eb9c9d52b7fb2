/**
 * What operators choose: who comes in, what is accepted, what is shown. Mechanism only; policies
 * themselves live in `policy/` or with whoever embeds the relay.
 *
 * @module
 */

import type { Peer } from "./channel.ts";
import type { VerifiedEvent } from "./nostr/event.ts";
import type { Filter } from "./nostr/filter.ts";
import type { PublicKey } from "./nostr/key.ts";
import { accept, type Verdict } from "./nostr/verdict.ts";

export { accept, type Rejection, reject, type Verdict } from "./nostr/verdict.ts";

/** Each question may be left out; then the answer is accept. */
export interface Policy {
  /** May this key (or, if `undefined`, an anonymous peer) use the relay at all? */
  admit?(pubkey: PublicKey | undefined, peer: Peer): Verdict | Promise<Verdict>;
  /** May this peer publish this event? */
  write?(event: VerifiedEvent, peer: Peer): Verdict | Promise<Verdict>;
  /** May this peer ask this? */
  read?(filters: readonly Filter[], peer: Peer): Verdict | Promise<Verdict>;
}

/** What the relay enforces on everybody, and what NIP-11's `limitation` announces. */
export interface Limits {
  /** Bytes of UTF-8 in one message from a client. */
  readonly maxMessageLength: number;
  readonly maxSubscriptions: number;
  readonly maxFilters: number;
  /** A filter's `limit` is silently clamped to this. */
  readonly maxLimit: number;
  /** The `limit` of a filter that has none. */
  readonly defaultLimit: number;
  readonly maxEventTags: number;
  /** In Unicode characters. */
  readonly maxContentLength: number;
  /** Seconds that an event may lie in the past; 0 for any age. */
  readonly createdAtLowerLimit: number;
  /** Seconds that an event may lie in the future. */
  readonly createdAtUpperLimit: number;
  /** Events that one connection may reconcile at once (NIP-77); 0 for no reconciliation. */
  readonly maxNegentropyEvents: number;
  /** Bytes queued to one client before it counts as too slow and is closed. */
  readonly maxBufferedBytes: number;
}

/** Accepts what every policy accepts; the first rejection is the answer. */
export function all(...policies: readonly Policy[]): Policy {
  return {
    admit: (pubkey, peer) => firstRejection(policies, (policy) => policy.admit?.(pubkey, peer)),
    write: (event, peer) => firstRejection(policies, (policy) => policy.write?.(event, peer)),
    read: (filters, peer) => firstRejection(policies, (policy) => policy.read?.(filters, peer)),
  };
}

async function firstRejection(
  policies: readonly Policy[],
  ask: (policy: Policy) => Verdict | Promise<Verdict> | undefined,
): Promise<Verdict> {
  for (const policy of policies) {
    const verdict = (await ask(policy)) ?? accept;
    if (!verdict.accepted) return verdict;
  }
  return accept;
}
