/**
 * Messages between client and relay (NIP-01, NIP-42, NIP-45, NIP-77): text to a typed message, replies
 * to text.
 * What cannot be understood becomes the reply that NIP-01 wants for it.
 */

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
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

/** What NEG-ERR says. */
export type NegReason = Reason | `closed: ${string}`;

export type ClientMessage =
  | { readonly type: "EVENT"; readonly event: NostrEvent }
  | { readonly type: "AUTH"; readonly event: NostrEvent }
  | { readonly type: "REQ" | "COUNT"; readonly id: string; readonly filters: readonly Filter[] }
  | { readonly type: "CLOSE" | "NEG-CLOSE"; readonly id: string }
  | {
      readonly type: "NEG-OPEN";
      readonly id: string;
      readonly filter: Filter;
      readonly message: Uint8Array;
    }
  | { readonly type: "NEG-MSG"; readonly id: string; readonly message: Uint8Array }
  /**
   * Broken, but it can be named: the answer is OK false to an EVENT or AUTH, CLOSED to a REQ or COUNT,
   * NEG-ERR to a NEG-OPEN or NEG-MSG.
   */
  | {
      readonly type: "refused";
      readonly verb: "EVENT" | "REQ" | "NEG-OPEN";
      readonly id: string;
      readonly reason: Reason;
    }
  /** Not a message; `reply` is the text to answer with. */
  | { readonly type: "malformed"; readonly reply: string };

/** In characters, not bytes (NIP-01). */
export const MAX_SUBSCRIPTION_ID = 64;

/** Longest subscription id that is repeated in the refusal of itself, in UTF-16 units. */
const MAX_ECHOED_ID = 256;

/** In bytes; twice as many hex digits. Clients rarely send more than 60,000. */
export const MAX_NEGENTROPY_MESSAGE = 65_536;

const BAD_ID: Reason = "invalid: subscription id must have 1 to 64 characters";
const HEX = /^(?:[0-9a-f]{2})*$/i;

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
    case "NEG-CLOSE":
      // NIP-01 has no reply to CLOSE, so an id that cannot exist closes nothing, silently.
      if (typeof items[1] === "string") return { type: items[0], id: items[1] };
      return malformedMessage(notice(`invalid: ${items[0]} needs a subscription id`));
    case "NEG-OPEN":
      return readNegOpen(items[1], items[2], items[3]);
    case "NEG-MSG":
      return readNegMsg(items[1], items[2]);
    default:
      return malformedMessage(notice("unsupported: unknown message type"));
  }
}

export function okMessage(id: string, accepted: true, reason?: string): string;
export function okMessage(id: string, accepted: false, reason: Reason): string;
export function okMessage(id: string, accepted: boolean, reason = ""): string {
  return JSON.stringify(["OK", id, accepted, reason]);
}

/** What stands before and behind a canonical text, which is not parsed again, in an EVENT message. */
export function aroundEvents(subscriptionId: string): readonly [before: string, behind: string] {
  return [`["EVENT",${JSON.stringify(subscriptionId)},`, "]"];
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

/** `message` is binary negentropy. */
export function negMessage(id: string, message: Uint8Array): string {
  return JSON.stringify(["NEG-MSG", id, bytesToHex(message)]);
}

/** `maxRecords`: how many may be reconciled, where a query has more. */
export function negError(id: string, reason: NegReason, maxRecords?: number): string {
  return JSON.stringify(["NEG-ERR", id, reason, ...(maxRecords === undefined ? [] : [maxRecords])]);
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
  if (!canEcho(id)) return namelessMessage(type);
  if (!isSubscriptionId(id)) return refusedMessage("REQ", id, BAD_ID);
  if (items.length === 0) {
    return refusedMessage("REQ", id, "invalid: at least one filter is needed");
  }
  const filters: Filter[] = [];
  for (const item of items) {
    const filter: Parsed<Filter> = parseFilter(item);
    if (!filter.ok) return refusedMessage("REQ", id, filter.reason as Reason);
    filters.push(filter.value);
  }
  return { type, id, filters };
}

function readNegOpen(id: unknown, conditions: unknown, hex: unknown): ClientMessage {
  const message = readNegMsg(id, hex);
  if (message.type !== "NEG-MSG") return message;
  const filter: Parsed<Filter> = parseFilter(conditions);
  if (!filter.ok) return refusedMessage("NEG-OPEN", message.id, filter.reason as Reason);
  return { ...message, type: "NEG-OPEN", filter: filter.value };
}

function readNegMsg(id: unknown, hex: unknown): ClientMessage {
  if (!canEcho(id)) return namelessMessage("NEG-OPEN");
  if (!isSubscriptionId(id)) return refusedMessage("NEG-OPEN", id, BAD_ID);
  if (typeof hex !== "string" || hex.length > 2 * MAX_NEGENTROPY_MESSAGE || !HEX.test(hex)) {
    const reason: Reason = `invalid: expected at most ${MAX_NEGENTROPY_MESSAGE} bytes in hex`;
    return refusedMessage("NEG-OPEN", id, reason);
  }
  return { type: "NEG-MSG", id, message: hexToBytes(hex) };
}

function canEcho(id: unknown): id is string {
  return typeof id === "string" && isWellFormed(id) && id.length <= MAX_ECHOED_ID;
}

function isSubscriptionId(id: string): boolean {
  return id !== "" && [...id].length <= MAX_SUBSCRIPTION_ID;
}

function namelessMessage(verb: "REQ" | "COUNT" | "NEG-OPEN"): ClientMessage {
  const reason = `invalid: ${verb} needs a subscription id of 1 to 64 characters`;
  return malformedMessage(notice(reason));
}

function refusedMessage(verb: "REQ" | "NEG-OPEN", id: string, reason: Reason): ClientMessage {
  return { type: "refused", verb, id, reason };
}

function malformedMessage(reply: string): ClientMessage {
  return { type: "malformed", reply };
}
