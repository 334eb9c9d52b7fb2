/**
 * What administrators have decided while the relay runs (NIP-86): rulings, which outlive it.
 * Implementations live in `moderation/`; who reads them decides what they mean.
 *
 * @module
 */

import type { NostrEvent } from "./nostr/event.ts";
import { KIND_VANISH } from "./nostr/kind.ts";
import { accept, reject, type Verdict } from "./nostr/verdict.ts";

/**
 * Lists of rulings, and what their subjects are: keys and event ids in hex, kinds as decimal
 * numbers, IP addresses or networks in their canonical spelling, fields of NIP-11.
 */
export type RulingList =
  | "banned pubkey"
  | "allowed pubkey"
  | "banned event"
  | "allowed event"
  | "allowed kind"
  | "disallowed kind"
  | "blocked address"
  | "information";

export interface Ruling {
  readonly subject: string;
  /** The reason that was given; for `information` the field's new text. May be empty. */
  readonly note: string;
}

/** Few and small, so every question is answered at once. */
export interface Rulings {
  /** Another number after every change made here: what was derived from rulings is then stale. */
  readonly revision: number;
  has(list: RulingList, subject: string): boolean;
  /** In the order of their subjects. */
  entries(list: RulingList): readonly Ruling[];
  /** Durable when it returns; takes the place of an earlier ruling on the subject. */
  set(list: RulingList, subject: string, note: string): void;
  delete(list: RulingList, subject: string): void;
  close(): void;
}

/**
 * What is banned gets in by no way: neither as a message nor by an import. Only who wants to be
 * forgotten is heard even so (NIP-62).
 */
export function judgeBans(event: NostrEvent, rulings: Rulings): Verdict {
  if (rulings.has("banned event", event.id)) {
    return reject("blocked", "this event is banned from this relay");
  }
  return event.kind !== KIND_VANISH && rulings.has("banned pubkey", event.pubkey)
    ? reject("blocked", "the author of this event is banned from this relay")
    : accept;
}
