/** How a relay tells people who and where it is: what the command line prints and NIP-11 may hold. */

import { addressOf, encodeProfile, type RelayAddress } from "../nostr/address.ts";
import { encodeNpub, type PublicKey } from "../nostr/key.ts";
import { ConfigError, type RelayConfig } from "./config.ts";

export interface Announcement {
  readonly npub: string;
  /** The first of the relay's addresses, as `nostr+ws://npub1…@host:port/path`. */
  readonly address: string;
  /** NIP-19, with all of them. */
  readonly nprofile: string;
}

/**
 * From the configured `addresses`; without any, from the host and port that the relay listens on,
 * with 127.0.0.1 for a wildcard. Throws a {@link ConfigError} for an address that names another key.
 */
export function announce(
  config: Pick<RelayConfig, "addresses" | "host" | "path">,
  relay: PublicKey,
  port: number,
): Announcement {
  const configured = config.addresses.map((url, index) => {
    const address = addressOf(url, relay);
    if (address.ok) return address.value;
    throw new ConfigError([`addresses[${index}]: ${address.reason}`]);
  });
  const first = configured[0] ?? boundAddress(config, relay, port);
  return {
    npub: encodeNpub(relay),
    address: first.canonical,
    nprofile: encodeProfile(relay, configured.length === 0 ? [first] : configured),
  };
}

/** Whether a relay that listens there listens on every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function boundAddress(
  { host, path }: Pick<RelayConfig, "host" | "path">,
  relay: PublicKey,
  port: number,
): RelayAddress {
  const reachable = isWildcard(host) ? "127.0.0.1" : host;
  const authority = reachable.includes(":") ? `[${reachable}]` : reachable;
  const address = addressOf(`ws://${authority}:${port}${path}`, relay);
  if (address.ok) return address.value;
  throw new ConfigError([
    `addresses: needed, since no URL can be made of the host: ${address.reason}`,
  ]);
}
