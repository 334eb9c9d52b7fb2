/** The members of a relay with this configuration: their list, their invites and who may make them. */

import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import { signEvent } from "../nostr/event.ts";
import { type PublicKey, publicKeyOf, type SecretKey } from "../nostr/key.ts";
import { malformed, type Parsed, parsed } from "../nostr/parsed.ts";
import { Circle, type Groups } from "../policy/access.ts";
import { inviteCodes } from "../policy/membership/codes.ts";
import { inviteFor, requestPolicy } from "../policy/membership/requests.ts";
import { Membership, type MembershipParts } from "../policy/membership.ts";
import type { Policy } from "../policy.ts";
import type { Made } from "../relay/reader.ts";
import type { Roles } from "../relay/roles.ts";
import type { RelayConfig } from "./config.ts";

export interface Members {
  readonly membership: Membership;
  /** To be asked before the access policy. */
  readonly policy: Policy;
  readonly made: Made;
  /** For administrators (NIP-86). */
  readonly roles: Roles;
}

export interface MembersParts
  extends Pick<MembershipParts, "store" | "clock" | "log" | "publish" | "removed"> {
  readonly secretKey: SecretKey;
  readonly crypto: CryptoProvider;
  readonly webOfTrust: Groups["webOfTrust"];
  /** Whose invites are void, whatever list they stand in. */
  isBanned(key: PublicKey): boolean;
}

const DAY = 86_400;

/** Reads the list, and adds the members of the configuration. Rejects when the store fails. */
export async function openMembers(
  settings: RelayConfig["membership"],
  { secretKey, crypto, webOfTrust, isBanned, ...parts }: MembersParts,
): Promise<Members> {
  const self = publicKeyOf(secretKey, crypto);
  const sign: MembershipParts["sign"] = (template) => signEvent(template, secretKey, crypto);
  const { maxMembers, inviters, inviteDays, codes } = settings;
  const membership = new Membership({ ...parts, self, maxMembers, sign });
  await membership.open(settings.members);
  const circle = new Circle({ allow: inviters, deny: [] }, { members: membership, webOfTrust });
  const requests = {
    membership,
    codes: inviteCodes(secretKey, codes, crypto),
    clock: parts.clock,
    inviteSeconds: inviteDays * DAY,
    mayInvite: (key: PublicKey) => key === self || (circle.holds(key) && !isBanned(key)),
    sign,
  };
  return {
    membership,
    policy: requestPolicy(requests),
    made: (filters, peer) => inviteFor(filters, peer, requests),
    roles: managedRoles(membership),
  };
}

/** A new invite code by the operator, for one person. The relay need not run. */
export function makeInvite(
  days: number,
  parts: { readonly secretKey: SecretKey; readonly crypto: CryptoProvider; readonly clock: Clock },
): string {
  const { secretKey, crypto, clock } = parts;
  const codes = inviteCodes(secretKey, [], crypto);
  return codes.make(publicKeyOf(secretKey, crypto), clock.now() + days * DAY);
}

function managedRoles(membership: Membership): Roles {
  const done = parsed(true as const);
  const unless = (isDone: boolean, reason: string): Parsed<true> =>
    isDone ? done : malformed(reason);
  return {
    create: async (role) =>
      unless(await membership.createRole(role), "there is such a role already"),
    edit: async (role) => unless(await membership.editRole(role), "there is no such role"),
    async delete(id) {
      await membership.deleteRole(id);
      return done;
    },
    assign: async (pubkey, id) =>
      unless(await membership.assignRole(pubkey, id), "this key is no member"),
    unassign: async (pubkey, id) =>
      unless(await membership.unassignRole(pubkey, id), "this key is no member"),
  };
}
