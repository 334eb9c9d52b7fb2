/**
 * Authorization of HTTP requests by an event (NIP-98), with the body's hash mandatory (NIP-86). In
 * two steps, so that what costs next to nothing is refused before a body is read and a signature
 * computed.
 */

import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../crypto.ts";
import {
  type EventTemplate,
  type NostrEvent,
  parseEvent,
  tagValue,
  type VerifiedEvent,
  verifyEvent,
} from "./event.ts";
import { KIND_HTTP_AUTH } from "./kind.ts";
import { malformed, type Parsed } from "./parsed.ts";

/** Seconds that an event may differ from the server's clock (NIP-98). */
export const HTTP_AUTH_WINDOW = 60;

/** What is to be signed for a POST of this body to this URL. `now`: Unix seconds. */
export function httpAuthTemplate(
  url: string,
  body: Uint8Array,
  now: number,
  crypto: Pick<CryptoProvider, "sha256">,
): EventTemplate {
  const tags = [
    ["u", url],
    ["method", "POST"],
    ["payload", bytesToHex(crypto.sha256(body))],
  ];
  return { kind: KIND_HTTP_AUTH, created_at: now, tags, content: "" };
}

/** The value of the `Authorization` header. */
export function httpAuthHeader({ json }: VerifiedEvent): string {
  return `Nostr ${btoa(String.fromCharCode(...utf8ToBytes(json)))}`;
}

export interface HttpRequest {
  /** In upper case. */
  readonly method: string;
  /** Whether a URL is the one that was asked for. */
  isRequested(url: string): boolean;
  /** Unix seconds. */
  readonly now: number;
}

/**
 * The event in an `Authorization` header, if what it claims fits the request. Nothing of it is
 * proved yet.
 */
export function readHttpAuth(
  header: string | undefined,
  { method, isRequested, now }: HttpRequest,
): Parsed<NostrEvent> {
  const event = decodeHeader(header);
  if (!event.ok) return event;
  const { kind, created_at } = event.value;
  if (kind !== KIND_HTTP_AUTH) return malformed("not an HTTP auth event (kind 27235)");
  if (Math.abs(created_at - now) > HTTP_AUTH_WINDOW) {
    return malformed("created_at is too far from the relay's clock");
  }
  // Clients write "post", too.
  if (tagValue(event.value, "method")?.toUpperCase() !== method) {
    return malformed("the method tag differs");
  }
  if (!isRequested(tagValue(event.value, "u") ?? "")) {
    return malformed("the u tag is not the URL of this relay");
  }
  if (!isSha256(tagValue(event.value, "payload"))) {
    return malformed("the payload tag is missing: the SHA-256 of the body in hex");
  }
  return event;
}

/** Checks that the event was signed, and for this body. */
export function verifyHttpAuth(
  event: NostrEvent,
  body: Uint8Array,
  crypto: CryptoProvider,
): Parsed<VerifiedEvent> {
  if (tagValue(event, "payload")?.toLowerCase() !== bytesToHex(crypto.sha256(body))) {
    return malformed("the payload tag is not the hash of the body");
  }
  return verifyEvent(event, crypto);
}

function decodeHeader(header: string | undefined): Parsed<NostrEvent> {
  const [, base64] = /^Nostr +([A-Za-z0-9+/_-]+=*) *$/i.exec(header ?? "") ?? [];
  if (base64 === undefined) return malformed("expected the header Authorization: Nostr <base64>");
  try {
    const binary = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return parseEvent(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return malformed("the Authorization header holds no event: base64 of its JSON is expected");
  }
}

function isSha256(value: string | undefined): boolean {
  return value !== undefined && /^[0-9a-f]{64}$/i.test(value);
}
