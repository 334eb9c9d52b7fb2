/** Who and where a relay is: what people are handed, and which URLs it answers to. */

import {
  addressOf,
  encodeProfile,
  parseAddress,
  placeOf,
  type RelayAddress,
} from "../nostr/address.ts";
import { encodeNpub, type PublicKey } from "../nostr/key.ts";
import { ConfigError, type RelayConfig } from "./config.ts";

export interface Announcement {
  /** The relay's key. */
  readonly self: PublicKey;
  readonly npub: string;
  /** The first of the relay's addresses, as `nostr+ws://npub1…@host:port/path`. */
  readonly address: string;
  /** NIP-19, with all of them. */
  readonly nprofile: string;
  /**
   * Whether a URL leads to this relay: host, port and path count, and the key where it names one
   * (NIP-42 on plain connections, NIP-62). A "/" at the end may be there or not.
   */
  isOwnUrl(url: string): boolean;
  /** Whether a URL is the one of an HTTP request to this relay that came this way (NIP-98). */
  isRequestUrl(url: string, way: RequestWay): boolean;
}

/** From this machine, or over TLS that ends at a trusted proxy. */
export type RequestWay = "local" | "tls";

/** Names under which a relay without configured addresses is reached on its own machine. */
const LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"];

/**
 * From the configured `addresses`; without any, from the host and port that the relay listens on,
 * with 127.0.0.1 for a wildcard; `tls` says that it speaks TLS itself. Throws a {@link ConfigError} for an address that names another key.
 */
export function announce(
  config: Pick<RelayConfig, "addresses" | "host" | "path"> & { readonly tls?: boolean },
  relay: PublicKey,
  port: number,
): Announcement {
  const configured = config.addresses.map((url, index) => {
    const address = addressOf(url, relay);
    if (address.ok) return address.value;
    throw new ConfigError([`addresses[${index}]: ${address.reason}`]);
  });
  const first = configured[0] ?? boundAddress(config, relay, port);
  const isConfigured = configured.length > 0;
  const addresses = isConfigured ? configured : [first];
  const local = LOCAL_HOSTS.map((host) => `ws://${host}:${port}${config.path}`);
  const own = placesOf([...addresses.map(({ url }) => url), ...(isConfigured ? [] : local)]);
  const ownHere = new Set([...own, ...placesOf(local)]);
  return {
    self: relay,
    npub: encodeNpub(relay),
    address: first.canonical,
    nprofile: encodeProfile(relay, addresses),
    isOwnUrl(url) {
      // A key in the URL says more than the place: it may not be somebody else's.
      const address = parseAddress(url);
      if (address.ok && address.value.relay !== relay) return false;
      const place = placeOf(url);
      return place.ok && own.has(place.value);
    },
    isRequestUrl(url, way) {
      // Relays are known by ws:// and wss://, requests are made with http:// and https://.
      const dialled = url.replace(/^http(?=s?:)/i, "ws");
      if (!/^wss?:[^?#]*$/i.test(dialled)) return false;
      if (way === "tls" && !/^wss:/i.test(dialled)) return false;
      const place = placeOf(dialled);
      return place.ok && (way === "local" ? ownHere : own).has(place.value);
    },
  };
}

/** Whether a relay that listens there listens on every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function placesOf(urls: readonly string[]): ReadonlySet<string> {
  return new Set(urls.map(placeOf).flatMap((place) => (place.ok ? [place.value] : [])));
}

function boundAddress(
  { host, path, tls }: Parameters<typeof announce>[0],
  relay: PublicKey,
  port: number,
): RelayAddress {
  const reachable = isWildcard(host) ? "127.0.0.1" : host;
  const authority = reachable.includes(":") ? `[${reachable}]` : reachable;
  const address = addressOf(`${tls ? "wss" : "ws"}://${authority}:${port}${path}`, relay);
  if (address.ok) return address.value;
  throw new ConfigError([
    `addresses: needed, since no URL can be made of the host: ${address.reason}`,
  ]);
}
