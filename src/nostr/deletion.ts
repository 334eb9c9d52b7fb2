/**
 * What a request to delete names (NIP-09), and whose word counts for an event. Stores apply it: they
 * remove what is there and remember the rest, so that it cannot come later.
 */

import type { NostrEvent } from "./event.ts";
import { type EventId, isEventId, isPublicKey, type PublicKey } from "./key.ts";
import {
  classifyKind,
  hasVersions,
  KIND_DELETION,
  KIND_GIFT_WRAP,
  KIND_VANISH,
  MAX_KIND,
} from "./kind.ts";
import { recipientsOf } from "./visibility.ts";

/** All versions of one replaceable or addressable event. */
export interface EventAddress {
  readonly kind: number;
  readonly pubkey: PublicKey;
  /** The `d` of an addressable event; "" for a replaceable one. */
  readonly identifier: string;
}

export interface Deletion {
  readonly author: PublicKey;
  /** Events that are gone, whatever their age, if the author is one of their owners. */
  readonly ids: readonly EventId[];
  /** The author's own; what was created until then is gone. */
  readonly addresses: readonly EventAddress[];
  /** Unix seconds, inclusive. */
  readonly until: number;
}

/** What a kind 5 asks for; `undefined` for other kinds. References that nobody can mean are left out. */
export function deletionOf(event: NostrEvent): Deletion | undefined {
  if (event.kind !== KIND_DELETION) return undefined;
  const ids = new Set<EventId>();
  const addresses = new Map<string, EventAddress>();
  for (const [name, value] of event.tags) {
    if (name === "e" && isEventId(value)) ids.add(value);
    const address = name === "a" && value !== undefined ? parseEventAddress(value) : undefined;
    if (value !== undefined && address?.pubkey === event.pubkey) addresses.set(value, address);
  }
  return {
    author: event.pubkey,
    ids: [...ids],
    addresses: [...addresses.values()],
    until: event.created_at,
  };
}

/** Whether a kind 5 can delete events of that kind: not other requests, which must stay in force. */
export function isDeletable(kind: number): boolean {
  return kind !== KIND_DELETION && kind !== KIND_VANISH;
}

/** Who may have the event deleted: its author and, since wraps are signed by throwaway keys, its recipients. */
export function ownersOf(event: NostrEvent): readonly PublicKey[] {
  if (event.kind !== KIND_GIFT_WRAP) return [event.pubkey];
  return [...new Set([event.pubkey, ...recipientsOf(event)])];
}

// A `d` may hold anything, colons and line breaks too.
const ADDRESS = /^(0|[1-9]\d{0,4}):([^:]*):(.*)$/s;

function parseEventAddress(text: string): EventAddress | undefined {
  const [, digits, pubkey, identifier] = ADDRESS.exec(text) ?? [];
  if (!isPublicKey(pubkey) || identifier === undefined) return undefined;
  const kind = Number(digits);
  if (kind > MAX_KIND || !hasVersions(kind)) return undefined;
  if (classifyKind(kind) === "replaceable" && identifier !== "") return undefined;
  return { kind, pubkey, identifier };
}
