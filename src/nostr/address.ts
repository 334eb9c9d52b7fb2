/**
 * Relay addresses: a place to dial and the key that must answer there (SPEC, "Addresses"). The
 * canonical form `nostr+ws://npub1…@host:port/path` fails closed: no plain WebSocket takes it.
 */

import { decodeBech32, encodeBech32 } from "./bech32.ts";
import {
  encodeNpub,
  type PublicKey,
  parsePublicKey,
  publicKeyFromBytes,
  publicKeyToBytes,
} from "./key.ts";
import { isWellFormed, malformed, type Parsed, parsed } from "./parsed.ts";

export interface RelayAddress {
  /** The key that the relay must prove. */
  readonly relay: PublicKey;
  /** What to dial: `ws://` or `wss://`, without the key. */
  readonly url: string;
  /** What to show, store and compare: `nostr+ws://` or `nostr+wss://`, with the npub. */
  readonly canonical: string;
  /** Host and effective port, as {@link endpointOf} gives them. */
  readonly endpoint: string;
}

/** Reads `nostr+ws://npub1…@host:port/path` or `nostr+wss://…`. Reasons never repeat the input. */
export function parseAddress(text: string): Parsed<RelayAddress> {
  const parts = splitAddress(text);
  if (!parts.ok) return parts;
  const { prefix, userinfo } = parts.value;
  if (prefix === "") {
    return malformed(
      userinfo === undefined
        ? "the URL names no relay key: write nostr+ws://npub1…@host, or give the key beside it"
        : KEY_IN_PLAIN_URL,
    );
  }
  const relay = readUserinfo(userinfo);
  return relay.ok ? makeAddress(parts.value, relay.value) : relay;
}

/** Joins a URL without a key, or a canonical address with the same key, and the relay's key. */
export function addressOf(url: string, relay: PublicKey): Parsed<RelayAddress> {
  const parts = splitAddress(url);
  if (!parts.ok) return parts;
  if (parts.value.userinfo === undefined) return makeAddress(parts.value, relay);
  if (parts.value.prefix === "") return malformed(KEY_IN_PLAIN_URL);
  const address = parseAddress(url);
  if (address.ok && address.value.relay !== relay) {
    return malformed("the address names another relay key than the one beside it");
  }
  return address;
}

/** The addresses in an `nprofile1…` (NIP-19): its key at each relay hint that is usable. */
export function parseProfile(text: string): Parsed<readonly RelayAddress[]> {
  const profile = decodeProfile(text.trim());
  if (!profile) return malformed("expected an nprofile1…");
  const addresses = new Map<string, RelayAddress>();
  for (const hint of profile.hints) {
    const address = addressOf(hint, profile.relay);
    if (address.ok) addresses.set(address.value.canonical, address.value);
  }
  if (addresses.size === 0) return malformed("the nprofile has no address that can be dialled");
  return parsed([...addresses.values()]);
}

/**
 * The nprofile of a relay. Its hints keep the scheme that fails closed and leave out the key, which
 * the profile has anyway; those that do not fit (NIP-19: 255 bytes each, 5,000 characters in all)
 * are left out.
 */
export function encodeProfile(relay: PublicKey, addresses: readonly RelayAddress[]): string {
  const hints = addresses
    .map(({ canonical }) => canonical.replace(`${encodeNpub(relay)}@`, ""))
    .filter((hint) => hint.length <= MAX_HINT_BYTES)
    .slice(0, MAX_HINTS);
  const entries = [
    [KEY_ENTRY, publicKeyToBytes(relay)] as const,
    ...hints.map((hint) => [RELAY_ENTRY, new TextEncoder().encode(hint)] as const),
  ];
  const bytes = entries.flatMap(([type, value]) => [type, value.length, ...value]);
  return encodeBech32("nprofile", Uint8Array.from(bytes));
}

/**
 * Where a URL leads, as `host:port`: the key under which relays are looked up. As lenient as
 * WebSockets are, because whatever can be dialled must be found. The scheme is ws, wss, nostr+ws
 * or nostr+wss.
 */
export function endpointOf(url: string): Parsed<string> {
  const place = parsePlace(withoutPrefix(url));
  return place.ok ? parsed(place.value.endpoint) : place;
}

/**
 * As {@link endpointOf}, with the path: `host:port/path`. A "/" at its end makes no difference, and
 * no query does.
 */
export function placeOf(url: string): Parsed<string> {
  const place = parsePlace(withoutPrefix(url));
  if (!place.ok) return place;
  const { endpoint, path } = place.value;
  return parsed(endpoint + (path.endsWith("/") ? path.slice(0, -1) : path));
}

/** The types of entries in an nprofile (NIP-19). */
const KEY_ENTRY = 0;
const RELAY_ENTRY = 1;

/** NIP-19's limit for one TLV value. */
const MAX_HINT_BYTES = 255;
/** As many of the longest hints as stay below NIP-19's 5,000 characters. */
const MAX_HINTS = 11;

const KEY_IN_PLAIN_URL =
  "a ws:// URL must not carry a key or a user name: write nostr+ws://npub1…@host";

interface AddressParts {
  readonly prefix: "nostr+" | "";
  readonly userinfo: string | undefined;
  /** The address without prefix and userinfo: a WebSocket URL. */
  readonly url: string;
}

// Scheme, authority, rest. The userinfo ends at the last @ of the authority (WHATWG URL).
const ADDRESS = /^(nostr\+)?(wss?:\/\/)(?:([^/?#]*)@)?([^/?#@]+)((?:\/[^?#]*)?)$/i;

/** Takes an address apart before the URL parser, which would mend what must be refused, sees it. */
function splitAddress(text: string): Parsed<AddressParts> {
  const trimmed = text.trim();
  if (/[\s\p{Cc}\\]/u.test(trimmed) || !isWellFormed(trimmed)) {
    return malformed("an address holds no spaces, control characters or backslashes");
  }
  const [, prefix, scheme, userinfo, host, path] = ADDRESS.exec(trimmed) ?? [];
  if (scheme === undefined || host === undefined || path === undefined) {
    return malformed(whyNoAddress(trimmed));
  }
  return parsed({ prefix: prefix ? "nostr+" : "", userinfo, url: `${scheme}${host}${path}` });
}

function whyNoAddress(text: string): string {
  if (!/^(nostr\+)?wss?:\/\//i.test(text)) {
    return "expected nostr+ws://npub1…@host:port, or nostr+wss:// where TLS runs below";
  }
  if (text.includes("?")) return "an address has no query";
  if (text.includes("#")) return "an address has no fragment";
  return "the address has no host";
}

const NPUB = /^npub1[02-9ac-hj-np-z]{58}$/;

function readUserinfo(userinfo: string | undefined): Parsed<PublicKey> {
  if (userinfo === undefined)
    return malformed("the address names no relay key: npub1…@ is missing");
  if (/nsec1/i.test(userinfo)) {
    return malformed("the address holds a secret key (nsec): tell nobody, and use the npub");
  }
  if (userinfo.includes(":")) return malformed("an address holds no password");
  const relay = NPUB.test(userinfo) ? parsePublicKey(userinfo) : undefined;
  return relay?.ok ? relay : malformed("the part before @ is not one valid, lower-case npub");
}

function makeAddress(parts: AddressParts, relay: PublicKey): Parsed<RelayAddress> {
  const place = parsePlace(parts.url);
  if (!place.ok) return place;
  const { scheme, authority, path, endpoint } = place.value;
  const suffix = path === "/" ? "" : path;
  return parsed({
    relay,
    url: `${scheme}://${authority}${suffix}`,
    canonical: `nostr+${scheme}://${encodeNpub(relay)}@${authority}${suffix}`,
    endpoint,
  });
}

interface Place {
  readonly scheme: "ws" | "wss";
  /** Host, and port unless it is the scheme's default. */
  readonly authority: string;
  readonly path: string;
  readonly endpoint: string;
}

function withoutPrefix(url: string): string {
  return url.trim().replace(/^nostr\+(?=wss?:)/i, "");
}

function parsePlace(text: string): Parsed<Place> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return malformed("the host or port is not valid (an IPv6 zone is not allowed)");
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return malformed(whyNoAddress(""));
  const scheme = url.protocol === "ws:" ? "ws" : "wss";
  const host = url.hostname.replace(/\.$/, "");
  if (host === "" || host.endsWith(".")) return malformed("the host has an empty label");
  const authority = url.port === "" ? host : `${host}:${url.port}`;
  const endpoint = `${host}:${url.port || (scheme === "ws" ? 80 : 443)}`;
  return parsed({ scheme, authority, path: url.pathname, endpoint });
}

/** Entries are a byte of type, a byte of length, a value; unknown types are skipped (NIP-19). */
function decodeProfile(text: string): { relay: PublicKey; hints: string[] } | undefined {
  let bytes = decodeBech32("nprofile", text);
  let relay: PublicKey | undefined;
  const hints: string[] = [];
  while (bytes && bytes.length > 0) {
    const [type, length = Infinity] = bytes;
    const value = bytes.subarray(2, 2 + length);
    if (value.length !== length) return undefined;
    if (type === RELAY_ENTRY) hints.push(new TextDecoder().decode(value));
    if (type === KEY_ENTRY) {
      if (length !== 32 || relay) return undefined;
      relay = publicKeyFromBytes(value);
    }
    bytes = bytes.subarray(2 + length);
  }
  return relay && { relay, hints };
}
