/** Where one relay is reached: each server and path that lead to it, as they come and go. */

import type { PublicKey } from "../nostr/key.ts";
import { type Announcement, announce, type RequestWay } from "./announcement.ts";
import type { RelayConfig } from "./config.ts";

/** What a relay listens on. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Whether the server speaks TLS itself. */
  readonly tls: boolean;
}

export class Places {
  readonly #addresses: readonly string[];
  /** The relay's key. */
  readonly self: PublicKey;
  readonly #announcements = new Set<Announcement>();

  /** Throws a {@link ConfigError} for configured addresses that name another key. */
  constructor(config: RelayConfig, self: PublicKey) {
    this.#addresses = config.addresses;
    this.self = self;
    // What the operator says about the way to the relay holds wherever it listens.
    if (config.addresses.length > 0) this.#announcements.add(announce(config, self, config.port));
  }

  /**
   * The relay is reached there until the returned function is called. Throws a
   * {@link ConfigError} where no address can be made of the place and none is configured.
   */
  add(place: Place): { readonly announcement: Announcement; remove(): void } {
    const announcement = announce({ ...place, addresses: this.#addresses }, this.self, place.port);
    this.#announcements.add(announcement);
    return { announcement, remove: () => this.#announcements.delete(announcement) };
  }

  /** Where people are sent; `undefined` as long as the relay is reached nowhere. */
  get address(): string | undefined {
    const [first] = this.#announcements;
    return first?.address;
  }

  isOwnUrl(url: string): boolean {
    return this.#any((announcement) => announcement.isOwnUrl(url));
  }

  isRequestUrl(url: string, way: RequestWay): boolean {
    return this.#any((announcement) => announcement.isRequestUrl(url, way));
  }

  #any(holds: (announcement: Announcement) => boolean): boolean {
    for (const announcement of this.#announcements) if (holds(announcement)) return true;
    return false;
  }
}
