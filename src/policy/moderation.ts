/**
 * What administrators have decided (NIP-86), as policies. Their rulings amend the operator's access
 * settings; what the settings deny stays denied. Banned events are refused whoever brings them.
 */

import { judgeBans, type Rulings } from "../moderation.ts";
import { isPublicKey, type PublicKey } from "../nostr/key.ts";
import { accept, type Policy } from "../policy.ts";
import { type AccessSettings, accessPolicy, type Groups, type WhoSettings } from "./access.ts";
import { Kinds } from "./kinds.ts";

/** The access policy of the settings as they are amended at the moment of each question. */
export function amendedAccess(
  settings: AccessSettings,
  rulings: Rulings,
  groups: Groups,
): Required<Pick<Policy, "admit" | "read" | "narrow" | "write">> {
  let policy: Policy = {};
  let revision: number | undefined;
  const current = (): Policy => {
    if (revision !== rulings.revision) policy = accessPolicy(amend(settings, rulings), groups);
    revision = rulings.revision;
    return policy;
  };
  return {
    admit: (pubkey, peer) => current().admit?.(pubkey, peer) ?? accept,
    read: (filters, peer) => current().read?.(filters, peer) ?? accept,
    narrow: (filter, peer) => current().narrow?.(filter, peer) ?? filter,
    write: (event, peer) => current().write?.(event, peer) ?? accept,
  };
}

/** The settings with banned keys denied, allowed keys allowed, and kinds as they were ruled on. */
export function amend(settings: AccessSettings, rulings: Rulings): AccessSettings {
  const allowed = keysIn("allowed pubkey", rulings);
  const admitting = <S extends WhoSettings>(who: S): S => ({
    ...who,
    allow: [...who.allow, ...allowed],
  });
  const { connect, read, write } = settings;
  return {
    ...settings,
    connect: {
      ...admitting(connect),
      deny: [...connect.deny, ...keysIn("banned pubkey", rulings)],
    },
    read: admitting(read),
    write: { ...admitting(write), kinds: acceptedKinds(settings, rulings), exceptKinds: [] },
  };
}

/** The kinds that may be published, in ascending order. */
export function acceptedKinds({ write }: AccessSettings, rulings: Rulings): readonly number[] {
  const kinds = new Set(new Kinds(write.kinds, write.exceptKinds).list);
  for (const { subject } of rulings.entries("allowed kind")) kinds.add(Number(subject));
  for (const { subject } of rulings.entries("disallowed kind")) kinds.delete(Number(subject));
  return [...kinds].sort((a, b) => a - b);
}

/**
 * Refuses banned events and whatever is by a banned key. To be asked last, too: what was banned
 * while a plugin was thinking must not slip in.
 */
export function banPolicy(rulings: Rulings): Policy {
  return { write: (event) => judgeBans(event, rulings) };
}

function keysIn(list: "allowed pubkey" | "banned pubkey", rulings: Rulings): PublicKey[] {
  return rulings.entries(list).flatMap(({ subject }) => (isPublicKey(subject) ? [subject] : []));
}
