/** What administrators have decided, and may decide, put to work in one running relay. */

import type { Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import type { Log } from "../log.ts";
import type { Rulings } from "../moderation.ts";
import { isEventId } from "../nostr/key.ts";
import { acceptedKinds } from "../policy/moderation.ts";
import { Management, type ManagementParts } from "../relay/management.ts";
import type { EventStore } from "../store.ts";
import type { Announcement } from "./announcement.ts";
import type { RelayConfig } from "./config.ts";
import { addressList } from "./door/admission.ts";
import { type BlockedAddresses, blockableNetwork } from "./door/blocked-addresses.ts";
import { ManagementEndpoint } from "./http/management.ts";

/** What slipped in while it was being banned, by an import for instance, goes now. */
export async function removeBanned(store: EventStore, rulings: Rulings): Promise<void> {
  const banned = rulings.entries("banned event").map(({ subject }) => subject);
  await store.remove(banned.filter(isEventId));
}

/** Whether this peer is banned, or its address blocked. */
export function isBarred(
  { pubkeys, address }: Peer,
  rulings: Rulings,
  blocked: BlockedAddresses,
): boolean {
  return blocked.has(address) || [...pubkeys].some((key) => rulings.has("banned pubkey", key));
}

export interface ManagedParts
  extends Pick<ManagementParts, "rulings" | "store" | "relay" | "changed" | "roles"> {
  readonly blocked: BlockedAddresses;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
}

/** `undefined` where nobody is an administrator. */
export function managementEndpoint(
  config: RelayConfig,
  { self, isRequestUrl }: Pick<Announcement, "self" | "isRequestUrl">,
  { blocked, crypto, clock, ...parts }: ManagedParts,
): ManagementEndpoint | undefined {
  if (config.administrators.length === 0) return undefined;
  const management = new Management({
    ...parts,
    self,
    acceptedKinds: () => acceptedKinds(config.access, parts.rulings),
    networkOf: blockableNetwork,
    isBlocked: (address) => blocked.has(address),
  });
  return new ManagementEndpoint({
    administrators: new Set(config.administrators),
    trustedProxies: addressList(config.trustedProxies),
    isHidden: config.information.hidden,
    crypto,
    clock,
    log: parts.log,
    isRequestUrl,
    answer: (text, administrator) => management.answer(text, administrator),
  });
}
