/** The client's offer: the names in `Sec-WebSocket-Protocol`, one of which carries message 1 (SPEC, "Opening"). */

import { MESSAGE_1_BYTES, SUITE, TRANSPORT_ID } from "./constants.ts";

export interface Offer {
  /** Authenticated by the handshake: every name but the token entry, in order. */
  readonly prologue: Uint8Array;
  /** Noise message 1. */
  readonly message1: Uint8Array;
}

/** HTTP status for an offer that is refused before any cryptography. */
export interface OfferRefusal {
  readonly status: 400 | 403;
}

const UTF8 = new TextEncoder();

/** Longest offer that is looked at, in characters. */
const MAX_OFFER_LENGTH = 1_024;

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TOKEN_ENTRY = /^(npubwire\.[0-9a-z-]+)\.([A-Za-z0-9_-]+)$/;

/** The subprotocols to dial with. */
export function writeOffer(message1: Uint8Array): readonly string[] {
  return [SUITE, `${SUITE}.${encodeToken(message1)}`];
}

/** The prologue of an offer of the given names, the token entry left out. */
export function prologueOf(names: readonly string[]): Uint8Array {
  return UTF8.encode(`${TRANSPORT_ID}\0${names.join(",")}`);
}

/** Whether whoever sent this header speaks npubwire, well or badly, rather than plain NIP-01. */
export function isOffer(header: string | undefined): header is string {
  return header?.split(",").some((name) => trimmed(name).startsWith("npubwire.")) ?? false;
}

/** `header`: all `Sec-WebSocket-Protocol` lines of the request, joined by commas. */
export function readOffer(header: string): Offer | OfferRefusal {
  if (header.length > MAX_OFFER_LENGTH) return { status: 400 };
  const entries = header.split(",").map(trimmed);
  if (new Set(entries).size !== entries.length || !entries.every((name) => NAME.test(name))) {
    return { status: 400 };
  }
  const tokens = entries.filter((name) => TOKEN_ENTRY.test(name));
  const [, suite, token] = TOKEN_ENTRY.exec(tokens[0] ?? "") ?? [];
  if (tokens.length !== 1 || suite === undefined || token === undefined) return { status: 400 };
  const names = entries.filter((name) => name !== tokens[0]);
  if (!names.includes(suite)) return { status: 400 };
  if (suite !== SUITE) return { status: 403 };
  const message1 = decodeToken(token);
  return message1 ? { prologue: prologueOf(names), message1 } : { status: 400 };
}

/** Optional white space of HTTP is spaces and tabs, nothing else. */
function trimmed(entry: string): string {
  return entry.replace(/^[ \t]+|[ \t]+$/g, "");
}

function encodeToken(bytes: Uint8Array): string {
  // 48 bytes are 64 characters without padding.
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

function decodeToken(token: string): Uint8Array | undefined {
  if (token.length !== (MESSAGE_1_BYTES / 3) * 4) return undefined;
  const bytes = new Uint8Array(MESSAGE_1_BYTES);
  // By hand: atob knows another alphabet and makes a text, which takes ten times as long.
  for (let from = 0, to = 0; from < token.length; from += 4, to += 3) {
    const first = (sextet(token, from) << 6) | sextet(token, from + 1);
    const second = (sextet(token, from + 2) << 6) | sextet(token, from + 3);
    bytes[to] = first >> 4;
    bytes[to + 1] = (first << 4) | (second >> 8);
    bytes[to + 2] = second;
  }
  return bytes;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SEXTETS = new Uint8Array(128);
for (const [value, character] of [...ALPHABET].entries()) SEXTETS[character.charCodeAt(0)] = value;

function sextet(token: string, at: number): number {
  return SEXTETS[token.charCodeAt(at)] ?? 0;
}
