/** What answers at a relay's URL: WebSockets through its door, and plain HTTP. */

import type { KeyPair } from "../../crypto.ts";
import { CLOSE } from "../../nostr/close.ts";
import { accept } from "../../policy.ts";
import type { Information } from "../../relay/information.ts";
import type { Relay } from "../../relay/relay.ts";
import type { RelayConfig } from "../config.ts";
import { addressList, requestAddress } from "../door/admission.ts";
import { BlockedAddresses } from "../door/blocked-addresses.ts";
import { Door, type DoorOptions } from "../door.ts";
import { type HttpOptions, httpListener, isForRelay } from "../http.ts";
import type { Metrics } from "../metrics.ts";
import { isBarred, type ManagedParts, managementEndpoint } from "../moderation.ts";
import { openPage } from "../page/page.ts";
import type { Places } from "../places.ts";
import type { RelayEmitter } from "../relay-events.ts";
import type { Rules } from "../rules.ts";
import type { Site } from "./shared-server.ts";

export interface SiteParts
  extends Pick<ManagedParts, "store" | "rulings" | "crypto" | "clock" | "log"> {
  readonly rules: Rules;
  readonly relay: Relay;
  readonly keyPair: KeyPair;
  readonly places: Places;
  readonly emitter: RelayEmitter;
  readonly metrics: Metrics;
  /** The NIP-11 document as it stands. */
  document(): Information;
  /** Tells members of a hidden relay that the document has changed. */
  describe(): Promise<void>;
}

const SECOND = 1_000;

/** What answers wherever the relay is reached, and its door, to be shut with the relay. */
export function openSite(
  config: RelayConfig,
  parts: SiteParts,
): { readonly door: Door; readonly site: Site } {
  const { rules, places } = parts;
  const blocked = new BlockedAddresses(parts.rulings);
  const door = openDoor(config, parts, blocked);
  const trustedProxies = addressList(config.trustedProxies);
  const { self } = places;
  const isRequestUrl: Places["isRequestUrl"] = (url, way) => places.isRequestUrl(url, way);
  const management = { ...parts, blocked, changed: parts.describe, roles: rules.members?.roles };
  const http: HttpOptions = {
    information: parts.document,
    isHidden: config.information.hidden,
    page: config.information.hidden ? undefined : openPage({ config, ...parts }),
    greeting: () => greeting(places),
    management: managementEndpoint(config, { self, isRequestUrl }, management),
    isBlocked: (request) => blocked.has(requestAddress(request, trustedProxies)),
  };
  const site: Site = {
    upgrade: (request, stream, head) => door.upgrade(request, stream, head),
    request: httpListener(http),
    claims: (request) => isForRelay(request, http),
  };
  return { door, site };
}

function openDoor(config: RelayConfig, parts: SiteParts, blocked: BlockedAddresses): Door {
  const { rules, relay, rulings, places, emitter, metrics } = parts;
  return new Door({
    ...parts,
    ...doorSettings(config, places),
    relay: parts.keyPair,
    plaintext: config.plaintext,
    asksPlainClients: true,
    isBlocked: (from) => blocked.has(from),
    isOwnUrl: (url) => places.isOwnUrl(url),
    admit: async (pubkey, peer) => (await rules.policy.admit?.(pubkey, peer)) ?? accept,
    accept(channel) {
      const { peer } = channel;
      // What was ruled while it was being admitted counts, too.
      if (isBarred(peer, rulings, blocked)) {
        channel.close(CLOSE.restricted, "blocked: this key or address is banned from this relay");
        return;
      }
      emitter.emit("connection", peer);
      void relay.accept(metrics.watch(channel)).then(() => emitter.emit("disconnection", peer));
    },
  });
}

/** What the configuration says to a door, whatever lies behind it. */
export function doorSettings(
  { auth, information, limits, connections, handshake, trustedProxies }: RelayConfig,
  places: Places,
): DoorSettings {
  return {
    auth,
    isHidden: information.hidden,
    plaintextNotice: () =>
      `restricted: this relay is encrypted, and nothing of what you sent was read; connect to ${places.address} with an npubwire client`,
    maxMessage: limits.maxMessageLength,
    authDeadline: handshake.authDeadlineSeconds * SECOND,
    admission: {
      maxConnections: connections.max,
      maxConnectionsPerAddress: connections.maxPerAddress,
      maxPending: handshake.maxPending,
      maxPendingPerAddress: handshake.maxPendingPerAddress,
      maxPerMinutePerAddress: handshake.maxPerMinutePerAddress,
    },
    trustedProxies: addressList(trustedProxies),
  };
}

/** What a person who opens the URL in a browser reads. */
export function greeting(places: Places): string {
  return `This is a Nostr relay. Its address is ${places.address}\n`;
}

type DoorSettings = Pick<
  DoorOptions,
  | "auth"
  | "isHidden"
  | "plaintextNotice"
  | "maxMessage"
  | "authDeadline"
  | "admission"
  | "trustedProxies"
>;
