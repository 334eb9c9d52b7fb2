/**
 * What a reader may see: no event after its expiration (NIP-40), and a gift wrap only if it is for
 * one of the keys that the reader has proved (NIP-17, NIP-59). Stores and live delivery both obey.
 */

import type { NostrEvent } from "./event.ts";
import { isExpired } from "./expiration.ts";
import type { Filter } from "./filter.ts";
import { isPublicKey, type PublicKey } from "./key.ts";
import { KIND_EPHEMERAL_GIFT_WRAP, KIND_GIFT_WRAP } from "./kind.ts";

/** Who looks, and when. Both may change while somebody looks on. */
export interface View {
  /** Unix seconds. */
  readonly now: number;
  /** The keys that have authenticated. */
  readonly readers: ReadonlySet<PublicKey>;
}

export function isVisible(event: NostrEvent, view: View): boolean {
  if (isExpired(event, view.now)) return false;
  return !isGuarded(event.kind) || recipientsOf(event).some((key) => view.readers.has(key));
}

/** Whether events of that kind are shown to their recipients only. */
export function isGuarded(kind: number): boolean {
  return kind === KIND_GIFT_WRAP || kind === KIND_EPHEMERAL_GIFT_WRAP;
}

/** Whether nothing but guarded kinds is asked for, so that a stranger cannot get anything. */
export function isGuardedFilter({ kinds }: Filter): boolean {
  return kinds !== undefined && kinds.size > 0 && [...kinds].every(isGuarded);
}

/** The keys in an event's `p` tags, each once. */
export function recipientsOf(event: NostrEvent): readonly PublicKey[] {
  const keys = new Set<PublicKey>();
  for (const [name, value] of event.tags) if (name === "p" && isPublicKey(value)) keys.add(value);
  return [...keys];
}

/**
 * The same filter, told what the view implies: whoever asks for gift wraps gets those with a `p` of
 * their own. So a store can find them by that, and need not look at everybody's.
 */
export function narrowFilter(filter: Filter, { readers }: View): Filter {
  if (!isGuardedFilter(filter) || filter.tags.has("p")) return filter;
  return { ...filter, tags: new Map([...filter.tags, ["p", readers]]) };
}
