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
import { accept, reject, type Verdict, type WriteVerdict } from "./nostr/verdict.ts";

export {
  accept,
  type Rejection,
  reject,
  type ShadowRejection,
  shadowReject,
  type Verdict,
  type WriteVerdict,
} from "./nostr/verdict.ts";

/** Each question may be left out; then the answer is accept. */
export interface Policy {
  /** May this key (or, if `undefined`, an anonymous peer) use the relay at all? */
  admit?(pubkey: PublicKey | undefined, peer: Peer): Verdict | Promise<Verdict>;
  /**
   * May this peer publish this event? Asked about ephemeral events, too. NIP-62 wants requests to vanish (kind 62) to be followed
   * whoever sends them; one that comes here is meant for this relay.
   */
  write?(event: VerifiedEvent, peer: Peer): WriteVerdict | Promise<WriteVerdict>;
  /** May this peer ask this? */
  read?(filters: readonly Filter[], peer: Peer): Verdict | Promise<Verdict>;
  /** What this peer gets to see of what it may ask, stored and live alike; else all of it. */
  narrow?(filter: Filter, peer: Peer): Filter;
  /** May this peer send one more message now? Asked first, when it has cost no more than parsing. */
  receive?(verb: Verb, characters: number, peer: Peer): Verdict;
}

/** What a message asks for, as far as it matters for how many there may be. */
export type Verb = "EVENT" | "REQ" | "other";

/** What the relay enforces on everybody, and what NIP-11's `limitation` announces. */
export interface Limits {
  /** Bytes of UTF-8 in one message from a client. */
  readonly maxMessageLength: number;
  readonly maxSubscriptions: number;
  readonly maxFilters: number;
  /** Values in all lists of all filters of one REQ. */
  readonly maxFilterValues: number;
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
  /** Leading zero bits that an event's id must have (NIP-13); 0 for none. */
  readonly minPowDifficulty: number;
  /** Events that one connection may reconcile at once (NIP-77); 0 for no reconciliation. */
  readonly maxNegentropyEvents: number;
  /** Bytes queued to one client before it counts as too slow and is closed. */
  readonly maxBufferedBytes: number;
  /** Seconds in which a client takes nothing of a full queue before it is closed. */
  readonly maxStallSeconds: number;
}

/** Accepts what every policy accepts; the first rejection is the answer. */
export function all(...policies: readonly Policy[]): Policy {
  return join(policies, firstRejection);
}

/**
 * Accepts what any policy accepts; else the first rejection is the answer. A policy that leaves a
 * question out accepts whatever is asked there, and without any policy nothing is accepted. What
 * each of them narrows or receives too often stays narrowed and refused.
 */
export function any(...policies: readonly Policy[]): Policy {
  return join(policies, firstAcceptance);
}

type Ask<V> = (policy: Policy) => V | Promise<V> | undefined;

function join(
  policies: readonly Policy[],
  judge: <V extends WriteVerdict>(policies: readonly Policy[], ask: Ask<V>) => Verdicts<V>,
): Policy {
  return {
    admit: (pubkey, peer) => judge(policies, (policy) => policy.admit?.(pubkey, peer)),
    write: (event, peer) => judge(policies, (policy) => policy.write?.(event, peer)),
    read: (filters, peer) => judge(policies, (policy) => policy.read?.(filters, peer)),
    narrow: (filter, peer) =>
      policies.reduce((narrowed, policy) => policy.narrow?.(narrowed, peer) ?? narrowed, filter),
    receive(verb, characters, peer) {
      for (const policy of policies) {
        const verdict = policy.receive?.(verb, characters, peer) ?? accept;
        if (!verdict.accepted) return verdict;
      }
      return accept;
    },
  };
}

type Verdicts<V> = V | Verdict | Promise<V | Verdict>;

/** At once, where whoever is asked answers at once: this is asked of every event. */
function firstRejection<V extends WriteVerdict>(
  policies: readonly Policy[],
  ask: Ask<V>,
): Verdicts<V> {
  for (const [index, policy] of policies.entries()) {
    const verdict: V | Verdict | Promise<V> = ask(policy) ?? accept;
    if ("then" in verdict) return rejectionFrom(verdict, policies.slice(index + 1), ask);
    if (!verdict.accepted) return verdict;
  }
  return accept;
}

async function rejectionFrom<V extends WriteVerdict>(
  first: Promise<V>,
  others: readonly Policy[],
  ask: Ask<V>,
): Promise<V | Verdict> {
  const verdict: V | Verdict = (await first) ?? accept;
  return verdict.accepted ? firstRejection(others, ask) : verdict;
}

async function firstAcceptance<V extends WriteVerdict>(
  policies: readonly Policy[],
  ask: Ask<V>,
): Promise<V | Verdict> {
  let rejection: V | Verdict | undefined;
  for (const policy of policies) {
    const verdict: V | Verdict = (await ask(policy)) ?? accept;
    if (verdict.accepted) return verdict;
    rejection ??= verdict;
  }
  return rejection ?? reject("blocked", "no policy accepts this");
}
