/**
 * Messages between client and relay (NIP-01, NIP-42, NIP-45): text to a typed message, replies to text.
 * What cannot be understood becomes the reply that NIP-01 wants for it.
 */

import { type NostrEvent, parseEvent } from "./event.ts";
import { type Filter, parseFilter } from "./filter.ts";
import { isHex32 } from "./key.ts";
import { isRecord, isWellFormed, type Parsed } from "./parsed.ts";

/** Machine-readable first word of OK and CLOSED reasons (NIP-01, NIP-42). */
export type Prefix =
  | "duplicate"
  | "pow"
  | "blocked"
  | "rate-limited"
  | "invalid"
  | "restricted"
  | "mute"
  | "error"
  | "unsupported"
  | "auth-required";

/** What OK false and CLOSED say. */
export type Reason = `${Prefix}: ${string}`;

export type ClientMessage =
  | { readonly type: "EVENT"; readonly event: NostrEvent }
  | { readonly type: "AUTH"; readonly event: NostrEvent }
  | { readonly type: "REQ" | "COUNT"; readonly id: string; readonly filters: readonly Filter[] }
  | { readonly type: "CLOSE"; readonly id: string }
  /** Broken, but it can be named: the answer is OK false to an EVENT or AUTH, CLOSED to a REQ or COUNT. */
  | {
      readonly type: "refused";
      readonly verb: "EVENT" | "REQ";
      readonly id: string;
      readonly reason: Reason;
    }
  /** Not a message; `reply` is the text to answer with. */
  | { readonly type: "malformed"; readonly reply: string };

/** In characters, not bytes (NIP-01). */
export const MAX_SUBSCRIPTION_ID = 64;

/** Longest subscription id that is repeated in the refusal of itself, in UTF-16 units. */
const MAX_ECHOED_ID = 256;

export function parseClientMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return malformedMessage(notice("invalid: not JSON"));
  }
  if (!Array.isArray(message) || typeof message[0] !== "string") {
    return malformedMessage(notice("invalid: expected a JSON array that starts with a verb"));
  }
  const items: readonly unknown[] = message;
  switch (items[0]) {
    case "EVENT":
    case "AUTH":
      return readEventMessage(items[0], items[1]);
    case "REQ":
    case "COUNT":
      return readQuery(items[0], items[1], items.slice(2));
    case "CLOSE":
      // NIP-01 has no reply to CLOSE, so an id that cannot exist closes nothing, silently.
      if (typeof items[1] === "string") return { type: "CLOSE", id: items[1] };
      return malformedMessage(notice("invalid: CLOSE needs a subscription id"));
    default:
      return malformedMessage(notice("unsupported: unknown message type"));
  }
}

export function okMessage(id: string, accepted: true, reason?: string): string;
export function okMessage(id: string, accepted: false, reason: Reason): string;
export function okMessage(id: string, accepted: boolean, reason = ""): string {
  return JSON.stringify(["OK", id, accepted, reason]);
}

/** `json` is the event's canonical text; it is not parsed again. */
export function eventMessage(subscriptionId: string, json: string): string {
  return `["EVENT",${JSON.stringify(subscriptionId)},${json}]`;
}

/** What EOSE says about stored events that were not sent: none exist, or some do (NIP-67). */
export type EoseHint = "finish" | "more";

export function eoseMessage(subscriptionId: string, hint?: EoseHint): string {
  return JSON.stringify(["EOSE", subscriptionId, ...(hint === undefined ? [] : [[hint]])]);
}

/** The answer to a COUNT (NIP-45). */
export interface CountResult {
  readonly count: number;
  /** Where counting was cut short, so that `count` is the least there is. */
  readonly approximate?: boolean;
  /** HyperLogLog registers, 512 hex digits. */
  readonly hll?: string;
}

export function countMessage(id: string, result: CountResult): string {
  return JSON.stringify(["COUNT", id, result]);
}

export function closedMessage(subscriptionId: string, reason: Reason): string {
  return JSON.stringify(["CLOSED", subscriptionId, reason]);
}

export function notice(reason: string): string {
  return JSON.stringify(["NOTICE", reason]);
}

export function authChallenge(challenge: string): string {
  return JSON.stringify(["AUTH", challenge]);
}

function readEventMessage(type: "EVENT" | "AUTH", value: unknown): ClientMessage {
  const event = parseEvent(value);
  if (event.ok) return { type, event: event.value };
  // An event that can be named is answered by OK, however broken the rest of it is.
  const id = isRecord(value) ? value["id"] : undefined;
  const reason: Reason = `invalid: ${event.reason}`;
  return isHex32(id)
    ? { type: "refused", verb: "EVENT", id, reason }
    : malformedMessage(notice(reason));
}

function readQuery(type: "REQ" | "COUNT", id: unknown, items: readonly unknown[]): ClientMessage {
  if (typeof id !== "string" || !isWellFormed(id) || id.length > MAX_ECHOED_ID) {
    return malformedMessage(
      notice(`invalid: ${type} needs a subscription id of 1 to 64 characters`),
    );
  }
  if (id === "" || [...id].length > MAX_SUBSCRIPTION_ID) {
    return refusedQuery(id, "invalid: subscription id must have 1 to 64 characters");
  }
  if (items.length === 0) return refusedQuery(id, "invalid: at least one filter is needed");
  const filters: Filter[] = [];
  for (const item of items) {
    const filter: Parsed<Filter> = parseFilter(item);
    if (!filter.ok) return refusedQuery(id, filter.reason as Reason);
    filters.push(filter.value);
  }
  return { type, id, filters };
}

function refusedQuery(id: string, reason: Reason): ClientMessage {
  return { type: "refused", verb: "REQ", id, reason };
}

function malformedMessage(reply: string): ClientMessage {
  return { type: "malformed", reply };
}
