/** IP addresses and networks that administrators have blocked (NIP-86), asked about at the door. */

import { type BlockList, isIP, isIPv6 } from "node:net";
import type { Rulings } from "../../moderation.ts";
import { malformed, type Parsed, parsed } from "../../nostr/parsed.ts";
import { addressList, isListed, isLoopback, plainAddress } from "./admission.ts";

export class BlockedAddresses {
  readonly #rulings: Rulings;
  #revision: number | undefined;
  /** `undefined` where nothing is blocked, as on most relays. */
  #list: BlockList | undefined;

  constructor(rulings: Rulings) {
    this.#rulings = rulings;
  }

  /** `address`: as `clientAddress` gives it. */
  has(address: string): boolean {
    if (this.#revision !== this.#rulings.revision) this.#renew();
    return this.#list !== undefined && isListed(address, this.#list);
  }

  #renew(): void {
    const networks = this.#rulings.entries("blocked address").map(({ subject }) => subject);
    this.#list = networks.length > 0 ? addressList(networks) : undefined;
    this.#revision = this.#rulings.revision;
  }
}

/**
 * The one spelling of an IP address or, with a prefix length, a network. An IPv6 address stands for
 * itself alone. This machine cannot be blocked: its administrators, and proxies, come from there.
 */
export function blockableNetwork(text: string): Parsed<string> {
  const [given = "", prefix, more] = text.trim().split("/");
  const address = canonicalAddress(plainAddress(given));
  if (address === undefined || more !== undefined) return malformed(EXPECTED);
  const bits = isIPv6(address) ? 128 : 32;
  if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)) {
    return malformed(EXPECTED);
  }
  const network =
    prefix === undefined || Number(prefix) === bits ? address : `${address}/${Number(prefix)}`;
  const list = addressList([network]);
  return isLoopback(address) || isListed("127.0.0.1", list) || isListed("::1", list)
    ? malformed("this machine itself cannot be blocked")
    : parsed(network);
}

const EXPECTED = 'expected an IP address, or a network such as "192.0.2.0/24"';

function canonicalAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  // A zone is part of a machine's own view, not of an address.
  if (version !== 6 || text.includes("%")) return undefined;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
