/**
 * What a hidden relay tells its members about itself: its NIP-11 document in a relay discovery event
 * (NIP-66, kind 30166) by its own key, read with a REQ like any event. Strangers never see it.
 */

import type { CryptoProvider } from "../crypto.ts";
import { type EventTemplate, type NostrEvent, signEvent } from "../nostr/event.ts";
import { publicKeyOf, type SecretKey } from "../nostr/key.ts";
import type { Information } from "../relay/information.ts";
import type { EventStore } from "../store.ts";

export const KIND_RELAY_DISCOVERY = 30_166;

/** Stores the document under the relay's key, unless it stands there already. `now`: Unix seconds. */
export async function describeSelf(
  information: Information,
  secretKey: SecretKey,
  parts: { readonly store: EventStore; readonly crypto: CryptoProvider; readonly now: number },
): Promise<void> {
  const { store, crypto, now } = parts;
  const self = publicKeyOf(secretKey, crypto);
  const present = await newestDescription(store, self);
  const content = JSON.stringify(information);
  if (present?.content === content) return;
  const template: EventTemplate = {
    kind: KIND_RELAY_DISCOVERY,
    created_at: Math.max(now, (present?.created_at ?? 0) + 1),
    // NIP-66: the key instead of a URL for relays that have none to show; NIP-70: not to be passed on.
    tags: [["d", self], ["-"]],
    content,
  };
  await store.insert([signEvent(template, secretKey, crypto)]);
}

async function newestDescription(store: EventStore, self: string): Promise<NostrEvent | undefined> {
  const filter = {
    authors: new Set([self]),
    kinds: new Set([KIND_RELAY_DISCOVERY]),
    tags: new Map([["d", new Set([self])]]),
    limit: 1,
  };
  for await (const [json] of store.query([filter])) {
    if (json !== undefined) return JSON.parse(json) as NostrEvent;
  }
  return undefined;
}
