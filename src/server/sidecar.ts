/**
 * An encrypted front for a relay that does not speak npubwire: clients come through the door as at
 * a relay of ours, and each is joined to a plain connection of its own to the relay behind.
 */

import { systemClock } from "../clock.ts";
import { createNodeCrypto } from "../crypto/node.ts";
import type { CryptoProvider, KeyPair } from "../crypto.ts";
import { type Log, silent } from "../log.ts";
import { encodeNpub, publicKeyOf } from "../nostr/key.ts";
import { accept } from "../policy.ts";
import { ConfigError, type RelayConfig } from "./config.ts";
import { Door } from "./door.ts";
import type { Site } from "./http/shared-server.ts";
import { doorSettings, greeting } from "./http/site.ts";
import { httpListener, isForRelay } from "./http.ts";
import { openRelayKey } from "./keys/relay-key.ts";
import { open } from "./listen.ts";
import { Places } from "./places.ts";
import { Clients } from "./sidecar/clients.ts";
import { sidecarInformation, UpstreamInformation } from "./sidecar/information.ts";
import { ignoredSettings } from "./sidecar/settings.ts";
import { parseUpstream, type Upstream } from "./sidecar/upstream.ts";
import type { RunningRelay } from "./start.ts";

export interface SidecarOptions {
  /** The relay behind: `ws://…` or `wss://…`. */
  readonly upstream: string;
  readonly log?: Log;
}

/** Throws a ConfigError, a KeyError or the system's error (port in use) when it cannot start. */
export async function startSidecar(
  config: RelayConfig,
  { upstream: url, log = silent }: SidecarOptions,
): Promise<RunningRelay> {
  const upstream = parseUpstream(url);
  if (!upstream.ok) throw new ConfigError([`upstream: ${upstream.reason}`]);
  const ignored = ignoredSettings(config);
  const crypto = createNodeCrypto();
  const { secretKey, origin } = openRelayKey(config.key, crypto);
  const self = publicKeyOf(secretKey, crypto);
  const places = new Places(config, self);
  const clients = new Clients(config, upstream.value, { crypto, log });
  const keyPair = { secretKey, publicKey: crypto.secp256k1x.publicKey(secretKey) };
  const door = openDoor(config, { crypto, log, keyPair, places, clients });
  const site = sidecarSite(config, upstream.value, places, door);
  const closeRooms = async (): Promise<void> => {
    await clients.close();
    secretKey.fill(0);
  };
  const { listening, close } = await open({ config, site, places }).catch(async (error) => {
    await closeRooms();
    throw error;
  });
  const { address, host, port } = listening;
  log("info", "sidecar listening", { address, host, port, upstream: upstream.value.url });
  log("info", "key opened", { crypto: crypto.name, key: origin });
  warn(log, upstream.value, ignored);
  return {
    ...listening,
    npub: encodeNpub(self),
    async close() {
      door.shut();
      await close(closeRooms());
      log("info", "sidecar closed");
    },
  };
}

interface DoorParts {
  readonly crypto: CryptoProvider;
  readonly log: Log;
  readonly keyPair: KeyPair;
  readonly places: Places;
  readonly clients: Clients;
}

function openDoor(config: RelayConfig, { crypto, log, keyPair, places, clients }: DoorParts): Door {
  return new Door({
    ...doorSettings(config, places),
    crypto,
    clock: systemClock,
    log,
    relay: keyPair,
    plaintext: "deny",
    asksPlainClients: false,
    isBlocked: () => false,
    isOwnUrl: () => false,
    admit: async (pubkey, peer) => (await clients.policy.admit?.(pubkey, peer)) ?? accept,
    accept: (channel) => clients.accept(channel),
  });
}

function sidecarSite(config: RelayConfig, upstream: Upstream, places: Places, door: Door): Site {
  const theirs = new UpstreamInformation(upstream.httpUrl, systemClock);
  return {
    upgrade: (request, stream, head) => door.upgrade(request, stream, head),
    request: httpListener({
      information: async () => sidecarInformation(await theirs.read(), config, places.self),
      isHidden: config.information.hidden,
      greeting: () => greeting(places),
      isBlocked: () => false,
    }),
    claims: (request) => isForRelay(request, {}),
  };
}

function warn(log: Log, { url, isExposed }: Upstream, ignored: readonly string[]): void {
  if (ignored.length > 0) {
    log("warn", "settings have no meaning here", { settings: ignored.join(", ") });
  }
  if (isExposed) log("warn", "the way to the relay behind is not encrypted", { upstream: url });
}
