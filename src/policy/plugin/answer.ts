/** What a plugin says about an event, and the verdict that it makes. */

import type { EventId } from "../../nostr/key.ts";
import type { Prefix } from "../../nostr/message.ts";
import { isRecord, malformed, type Parsed, parsed } from "../../nostr/parsed.ts";
import { accept, reject, shadowReject, type WriteVerdict } from "../../policy.ts";

const ACTIONS = ["accept", "reject", "shadowReject"] as const;

export interface Answer {
  readonly action: (typeof ACTIONS)[number];
  /** Empty where there is nothing to say. */
  readonly message: string;
}

/** Unicode characters of a plugin's message that reach a client. */
const MAX_MESSAGE = 1_024;

/** The answer about that event: `{"id": …, "action": …, "msg": …}`. Reasons are for the log. */
export function parseAnswer(value: unknown, id: EventId): Parsed<Answer> {
  if (!isRecord(value)) return malformed("answered with JSON that is not an object");
  if (value["id"] !== id) return malformed("answered about another event");
  const action = ACTIONS.find((known) => known === value["action"]);
  if (action === undefined) return malformed("answered with an unknown action");
  const message = value["msg"] ?? "";
  if (typeof message !== "string") return malformed("answered with a msg that is not a text");
  return parsed({ action, message: presentable(message) });
}

/**
 * The message is passed on as it is, with one exception: OK false needs a machine-readable word in
 * front (NIP-01), so a rejection that has none gets `blocked: `.
 */
export function verdictOf({ action, message }: Answer): WriteVerdict {
  if (action === "accept") return accept;
  if (action === "shadowReject") return shadowReject(message);
  const [, word, reason] = /^([A-Za-z][\w-]*): (.*)$/s.exec(message) ?? [];
  if (word === undefined || reason === undefined) {
    return reject("blocked", message || "the relay's policy does not accept this event");
  }
  // NIP-01 names some prefixes and leaves the list open, so a plugin's own word stands.
  return reject(word as Prefix, reason);
}

/** JSON's `\uD800` escapes can make text that has no UTF-8 form. */
function presentable(text: string): string {
  const whole = text.replace(/\p{Surrogate}/gu, "\ufffd");
  return whole.length <= MAX_MESSAGE ? whole : [...whole].slice(0, MAX_MESSAGE).join("");
}
