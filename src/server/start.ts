/** A whole relay from a configuration: key, store, policy, relay and door, put together and opened. */

import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "../clock.ts";
import { createNodeCrypto } from "../crypto/node.ts";
import type { CryptoProvider, KeyPair } from "../crypto.ts";
import { type Log, silent } from "../log.ts";
import type { Rulings } from "../moderation.ts";
import { CLOSE } from "../nostr/close.ts";
import { publicKeyOf } from "../nostr/key.ts";
import { accept, type Policy } from "../policy.ts";
import type { Information } from "../relay/information.ts";
import { Relay } from "../relay/relay.ts";
import type { EventStore } from "../store.ts";
import { addressList, requestAddress } from "./admission.ts";
import { type Announcement, announce } from "./announcement.ts";
import { attach } from "./attach.ts";
import { BlockedAddresses } from "./blocked-addresses.ts";
import type { RelayConfig } from "./config.ts";
import { openDatabase, openRulings } from "./database.ts";
import { httpListener } from "./http.ts";
import { informationDocument } from "./information.ts";
import { isBarred, managementEndpoint, removeBanned } from "./moderation.ts";
import { openRelayKey } from "./relay-key.ts";
import { openRules, type Rules } from "./rules.ts";
import { describeSelf } from "./self-description.ts";

export interface StartOptions {
  readonly log?: Log;
  /** Asked beside the limits and the plugin of the configuration. */
  readonly policy?: Policy;
}

export interface RunningRelay {
  readonly npub: string;
  /** `nostr+ws://npub1…@host:port` */
  readonly address: string;
  readonly nprofile: string;
  readonly host: string;
  readonly port: number;
  /** Answers what was received, closes every connection in order, then the store. */
  close(): Promise<void>;
}

const SECOND = 1_000;
/** Milliseconds that a closing relay waits for what its plugin is still to decide. */
const PLUGIN_PATIENCE = 2_000;

/** Throws a ConfigError, KeyError, StoreError or the system's error (port in use) when it cannot start. */
export async function startRelay(
  config: RelayConfig,
  options: StartOptions = {},
): Promise<RunningRelay> {
  const { log = silent } = options;
  const crypto = createNodeCrypto();
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const { secretKey, origin } = openRelayKey(config.key, crypto);
  const publicKey = crypto.secp256k1x.publicKey(secretKey);
  const self = publicKeyOf(secretKey, crypto);
  announce(config, self, config.port); // refuses wrong addresses before anything is opened
  const store = await openDatabase(config, config.search);
  const rulings = await openRulings(config);
  await removeBanned(store, rulings);
  const common = { store, rulings, crypto, clock: systemClock, log };
  const rules = await openRules(config, { ...common, secretKey, policy: options.policy });
  const document = informationDocument(config, self, rulings);
  const describe = async (): Promise<void> => {
    if (!config.information.hidden) return;
    await describeSelf(document(), secretKey, { store, crypto, now: systemClock.now() });
  };
  await describe();
  const closeRooms = async (): Promise<void> => {
    await rules.close();
    rulings.close();
    await store.close();
    secretKey.fill(0);
  };
  const server = httpServer(config);
  const port = await listen(server, config).catch(async (error: unknown) => {
    await closeRooms();
    throw error;
  });
  const announcement = announce(config, self, port);
  const relay = openRelay(config, common, rules, announcement);
  const shut = openDoors(server, config, {
    ...common,
    rules,
    relay,
    keyPair: { secretKey, publicKey },
    announcement,
    document,
    describe,
  });
  const { npub, address, nprofile } = announcement;
  const { host } = config;
  log("info", "relay listening", { address, host, port, crypto: crypto.name, key: origin });
  if (!crypto.constantTime) {
    log("warn", "signing is not constant time: tiny-secp256k1 does not load", {});
  }
  return {
    npub,
    address,
    nprofile,
    host,
    port,
    async close() {
      shut();
      const closed = new Promise((resolve) => server.close(resolve));
      await rules.conclude(relay.close(), PLUGIN_PATIENCE);
      server.closeIdleConnections();
      await closed;
      await closeRooms();
      log("info", "relay closed");
    },
  };
}

interface Common {
  readonly store: EventStore;
  readonly rulings: Rulings;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
}

function openRelay(
  { limits, auth, search }: RelayConfig,
  { store, crypto, clock, log }: Common,
  rules: Rules,
  { isOwnUrl }: Announcement,
): Relay {
  const relay = new Relay({
    store,
    crypto,
    policy: rules.policy,
    ...(rules.members ? { made: rules.members.made } : {}),
    limits,
    auth,
    search,
    clock,
    isOwnUrl,
    log,
    defer: setImmediate,
  });
  rules.serve(relay);
  return relay;
}

interface DoorParts extends Common {
  readonly rules: Rules;
  readonly relay: Relay;
  readonly keyPair: KeyPair;
  readonly announcement: Announcement;
  /** The NIP-11 document as it stands. */
  document(): Information;
  /** Tells members of a hidden relay that the document has changed. */
  describe(): Promise<void>;
}

/** HTTP and WebSockets on the server; the returned function turns newcomers away. */
function openDoors(server: Server, config: RelayConfig, parts: DoorParts): () => void {
  const { rules, relay, rulings, announcement } = parts;
  const blocked = new BlockedAddresses(rulings);
  const trustedProxies = addressList(config.trustedProxies);
  const { address, isOwnUrl } = announcement;
  const { path, auth, plaintext, limits, connections, handshake } = config;
  const isHidden = config.information.hidden;
  const roles = rules.members?.roles;
  const management = { ...parts, blocked, changed: parts.describe, roles };
  server.on(
    "request",
    httpListener({
      path,
      information: parts.document,
      isHidden,
      greeting: `This is a Nostr relay. Its address is ${address}\n`,
      management: managementEndpoint(config, announcement, management),
      isBlocked: (request) => blocked.has(requestAddress(request, trustedProxies)),
    }),
  );
  return attach(server, {
    ...parts,
    relay: parts.keyPair,
    path,
    auth,
    plaintext,
    isHidden,
    plaintextNotice: `restricted: this relay is encrypted, and nothing of what you sent was read; connect to ${address} with an npubwire client`,
    maxMessage: limits.maxMessageLength,
    authDeadline: handshake.authDeadlineSeconds * SECOND,
    admission: {
      maxConnections: connections.max,
      maxConnectionsPerAddress: connections.maxPerAddress,
      maxPending: handshake.maxPending,
      maxPendingPerAddress: handshake.maxPendingPerAddress,
      maxPerMinutePerAddress: handshake.maxPerMinutePerAddress,
    },
    trustedProxies,
    isBlocked: (from) => blocked.has(from),
    isOwnUrl,
    admit: async (pubkey, peer) => (await rules.policy.admit?.(pubkey, peer)) ?? accept,
    accept(channel) {
      // What was ruled while it was being admitted counts, too.
      if (!isBarred(channel.peer, rulings, blocked)) return relay.accept(channel);
      channel.close(CLOSE.restricted, "blocked: this key or address is banned from this relay");
    },
  });
}

function httpServer({ handshake, connections }: RelayConfig): Server {
  const server = createServer({
    headersTimeout: handshake.deadlineSeconds * SECOND,
    requestTimeout: handshake.deadlineSeconds * SECOND,
    connectionsCheckingInterval: SECOND,
  });
  server.maxConnections = connections.max;
  return server;
}

function listen(server: Server, { host, port }: RelayConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
