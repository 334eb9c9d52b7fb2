/** By which URLs a running relay is known: what it prints, and what an auth event may name. */

import { addressOf, encodeProfile, endpointOf, type RelayAddress } from "../nostr/address.ts";
import { encodeNpub, type PublicKey } from "../nostr/key.ts";

export interface OwnAddresses {
  readonly npub: string;
  /** Canonical: what people hand on. */
  readonly address: string;
  readonly nprofile: string;
  /** Whether the address was guessed from the bound host, so that only this machine can use it. */
  readonly guessed: boolean;
  /** Whether a URL names this relay. */
  isOwnUrl(url: string): boolean;
}

/** The socket that the relay listens on. */
export interface BoundTo {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]"];

/** Throws a RangeError when one of the configured addresses is malformed or names another key. */
export function ownAddresses(
  relay: PublicKey,
  configured: readonly string[],
  bound: BoundTo,
): OwnAddresses {
  const guessed = configured.length === 0;
  const urls = guessed ? [boundUrl(bound)] : configured;
  const addresses = urls.map((url) => ownAddress(url, relay));
  const [first] = addresses;
  if (!first) throw new RangeError("a relay needs an address");
  const local = guessed ? LOCAL_NAMES.map((host) => `${host}:${bound.port}`) : [];
  const endpoints = new Set([...addresses.map(({ endpoint }) => endpoint), ...local]);
  return {
    npub: encodeNpub(relay),
    address: first.canonical,
    nprofile: encodeProfile(relay, addresses),
    guessed,
    isOwnUrl(url) {
      const endpoint = endpointOf(url);
      return endpoint.ok && endpoints.has(endpoint.value);
    },
  };
}

function ownAddress(url: string, relay: PublicKey): RelayAddress {
  const address = addressOf(url, relay);
  if (!address.ok) throw new RangeError(`addresses: ${url}: ${address.reason}`);
  return address.value;
}

function boundUrl({ host, port, path }: BoundTo): string {
  const isWildcard = host === "0.0.0.0" || host === "::";
  const name = isWildcard ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `ws://${name}:${port}${path}`;
}
