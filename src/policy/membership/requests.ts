/**
 * What people ask of a relay with members (NIP-43): to join with an invite code, to leave, and for a
 * code to pass on. Requests are followed and go no further; nobody is asked besides.
 */

import type { Peer } from "../../channel.ts";
import type { Clock } from "../../clock.ts";
import type { EventTemplate, VerifiedEvent } from "../../nostr/event.ts";
import { type Filter, matchFilters, tagSets } from "../../nostr/filter.ts";
import type { PublicKey } from "../../nostr/key.ts";
import {
  claimIn,
  inviteTemplate,
  isMembershipKind,
  KIND_INVITE,
  KIND_JOIN,
  KIND_LEAVE,
} from "../../nostr/membership.ts";
import { isProtected } from "../../nostr/publication.ts";
import { accept, type Policy, reject, shadowReject, type WriteVerdict } from "../../policy.ts";
import type { Membership } from "../membership.ts";
import type { InviteCodes } from "./codes.ts";

export interface RequestParts {
  readonly membership: Pick<Membership, "has" | "add" | "remove">;
  readonly codes: InviteCodes;
  readonly clock: Clock;
  /** Seconds that an invite is good for. */
  readonly inviteSeconds: number;
  /** Whether this key gets invites, and those that it got are still good. */
  mayInvite(key: PublicKey): boolean;
  /** Signs with the relay's key. */
  sign(template: EventTemplate): VerifiedEvent;
}

/** "Now, plus or minus a few minutes", in seconds. */
const TOLERANCE = 300;

/** Answers requests to join and to leave. To be asked before what only members may do. */
export function requestPolicy(parts: RequestParts): Policy {
  return {
    write(event, peer) {
      if (isMembershipKind(event.kind)) {
        return reject("restricted", `only the relay itself makes events of kind ${event.kind}`);
      }
      if (event.kind !== KIND_JOIN && event.kind !== KIND_LEAVE) return accept;
      if (!peer.pubkeys.has(event.pubkey)) {
        const prefix = peer.pubkeys.size === 0 ? "auth-required" : "restricted";
        return reject(prefix, "everybody joins and leaves for themselves, with a proved key");
      }
      if (Math.abs(event.created_at - parts.clock.now()) > TOLERANCE) {
        return reject("invalid", "created_at must be now");
      }
      return event.kind === KIND_JOIN ? join(event, parts) : leave(event, parts);
    },
  };
}

/** A fresh invite for whoever asks for one (kind 28935) and may have it; else nothing. */
export function inviteFor(
  filters: readonly Filter[],
  peer: Peer,
  { codes, clock, inviteSeconds, mayInvite, sign }: RequestParts,
): readonly VerifiedEvent[] {
  const asking = filters.filter(({ kinds, limit }) => kinds?.has(KIND_INVITE) && limit !== 0);
  const inviter = asking.length > 0 ? [...peer.pubkeys].find(mayInvite) : undefined;
  if (inviter === undefined) return [];
  const now = clock.now();
  const event = sign(inviteTemplate(codes.make(inviter, now + inviteSeconds), now));
  return matchFilters(asking, event, tagSets(event)) ? [event] : [];
}

async function join(event: VerifiedEvent, parts: RequestParts): Promise<WriteVerdict> {
  const { membership, codes, clock, mayInvite } = parts;
  if (membership.has(event.pubkey)) return ALREADY;
  const claim = claimIn(event);
  if (claim === undefined) return reject("invalid", "a request to join needs a claim tag");
  const invite = codes.read(claim);
  if (!invite || (!invite.isShared && !mayInvite(invite.inviter))) {
    return reject("restricted", "that is an invalid invite code");
  }
  if (invite.isShared) return outcome(await membership.add(event.pubkey));
  return invite.expiresAt <= clock.now()
    ? reject("restricted", "that invite code is expired")
    : outcome(await membership.add(event.pubkey, invite.fingerprint));
}

const ALREADY = done("duplicate: you are already a member of this relay");

function outcome(added: Awaited<ReturnType<Membership["add"]>>): WriteVerdict {
  switch (added) {
    case "added":
      return done("info: welcome to this relay");
    case "member already":
      return ALREADY;
    case "invite used":
      return reject("restricted", "that invite code has been used");
    case "no room":
      return reject("restricted", "this relay takes no more members");
  }
}

async function leave(event: VerifiedEvent, { membership }: RequestParts): Promise<WriteVerdict> {
  if (!isProtected(event.tags)) return reject("invalid", 'a request to leave needs the tag ["-"]');
  return (await membership.remove(event.pubkey))
    ? done("info: you have left this relay")
    : done("duplicate: you are no member of this relay");
}

/** OK true, and the request goes no further: the same as for what is rejected unnoticed. */
function done(message: string): WriteVerdict {
  return shadowReject(message);
}
