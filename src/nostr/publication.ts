/**
 * What NIPs demand of an event at the moment of its publication, whatever the operator chooses: that
 * it has not expired (NIP-40), that a protected one comes from its author (NIP-70), and that a
 * request to vanish is meant for this relay (NIP-62).
 */

import type { NostrEvent } from "./event.ts";
import { parseExpiration } from "./expiration.ts";
import type { PublicKey } from "./key.ts";
import { KIND_VANISH } from "./kind.ts";
import { isRecord } from "./parsed.ts";
import { accept, reject, type Verdict } from "./verdict.ts";

export interface Publication {
  /** Unix seconds. */
  readonly now: number;
  /** The keys that whoever publishes has proved. */
  readonly publishers: ReadonlySet<PublicKey>;
  /** Whether a URL names this relay. */
  isOwnUrl(url: string): boolean;
}

export function judgePublication(event: NostrEvent, publication: Publication): Verdict {
  const verdicts = [
    () => judgeExpiration(event, publication.now),
    () => judgeProtection(event, publication.publishers),
    () => judgeVanishing(event, publication),
  ];
  for (const judge of verdicts) {
    const verdict = judge();
    if (!verdict.accepted) return verdict;
  }
  return accept;
}

/** A tag counts by its name alone: what else it holds takes nothing back. */
export function isProtected(tags: unknown): boolean {
  return Array.isArray(tags) && tags.some((tag) => Array.isArray(tag) && tag[0] === "-");
}

/** Who wants an event to end must not get one that stays because the end cannot be read. */
function judgeExpiration(event: NostrEvent, now: number): Verdict {
  const expiration = parseExpiration(event);
  if (!expiration.ok) return reject("invalid", expiration.reason);
  return expiration.value !== undefined && expiration.value <= now
    ? reject("invalid", "the event has expired")
    : accept;
}

function judgeProtection(event: NostrEvent, publishers: ReadonlySet<PublicKey>): Verdict {
  if (isProtected(event.tags) && !publishers.has(event.pubkey)) {
    const reason = "this event may only be published by its author";
    return reject(publishers.size === 0 ? "auth-required" : "restricted", reason);
  }
  return isRepost(event.kind) && embedsProtected(event.content, MAX_DEPTH)
    ? reject("invalid", "a repost must not embed a protected event")
    : accept;
}

/** Also for what is imported: a request to vanish from another relay must delete nothing here. */
export function judgeVanishing(
  event: NostrEvent,
  { isOwnUrl }: Pick<Publication, "isOwnUrl">,
): Verdict {
  if (event.kind !== KIND_VANISH) return accept;
  const urls = event.tags.filter(([name]) => name === "relay").map(([, url = ""]) => url);
  if (urls.length === 0) return reject("invalid", "a request to vanish must name a relay");
  return urls.some((url) => url === "ALL_RELAYS" || isOwnUrl(url))
    ? accept
    : reject("blocked", "this request to vanish is meant for another relay");
}

/** Reposts of reposts that are looked into. */
const MAX_DEPTH = 8;

function isRepost(kind: unknown): boolean {
  return kind === 6 || kind === 16;
}

/** How a JSON object begins; most reposts embed nothing, and to fail at parsing takes long. */
const OBJECT = /^\s*\{/;

/** Parsed, not searched: spaces, escapes and quotations would mislead a search. */
function embedsProtected(content: unknown, depth: number): boolean {
  if (typeof content !== "string" || depth === 0 || !OBJECT.test(content)) return false;
  let embedded: unknown;
  try {
    embedded = JSON.parse(content);
  } catch {
    return false;
  }
  if (!isRecord(embedded)) return false;
  if (isProtected(embedded["tags"])) return true;
  return isRepost(embedded["kind"]) && embedsProtected(embedded["content"], depth - 1);
}
