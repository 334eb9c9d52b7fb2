/** A whole relay from a configuration: key, store, policy, relay and door, put together and opened. */

import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Peer } from "../channel.ts";
import { systemClock } from "../clock.ts";
import { createNodeCrypto } from "../crypto/node.ts";
import { type Log, silent } from "../log.ts";
import { CLOSE } from "../nostr/close.ts";
import { type PublicKey, publicKeyOf } from "../nostr/key.ts";
import { asksFor } from "../policy/access.ts";
import { limitsPolicy } from "../policy/limits.ts";
import { amendedAccess, banPolicy } from "../policy/moderation.ts";
import { PluginPolicy } from "../policy/plugin.ts";
import { ratePolicy } from "../policy/rate.ts";
import { WebOfTrust } from "../policy/web-of-trust.ts";
import { accept, all, type Policy, type Verdict } from "../policy.ts";
import { Relay } from "../relay/relay.ts";
import type { EventStore } from "../store.ts";
import { addressGroup, addressList, requestAddress } from "./admission.ts";
import { announce } from "./announcement.ts";
import { attach } from "./attach.ts";
import { BlockedAddresses } from "./blocked-addresses.ts";
import type { RelayConfig } from "./config.ts";
import { openDatabase, openRulings } from "./database.ts";
import { httpListener } from "./http.ts";
import { informationDocument } from "./information.ts";
import { openMembers } from "./members.ts";
import { isBarred, managementEndpoint, removeBanned } from "./moderation.ts";
import { openRelayKey } from "./relay-key.ts";
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
const NOBODY = { has: () => false };
/** Milliseconds that a closing relay waits for what its plugin is still to decide. */
const PLUGIN_PATIENCE = 2_000;

/** Throws a ConfigError, KeyError, StoreError or the system's error (port in use) when it cannot start. */
export async function startRelay(
  config: RelayConfig,
  options: StartOptions = {},
): Promise<RunningRelay> {
  const { log = silent } = options;
  const crypto = createNodeCrypto();
  const clock = systemClock;
  const { host, path, auth, limits, search } = config;
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const key = openRelayKey(config.key, crypto);
  const self = publicKeyOf(key.secretKey, crypto);
  announce(config, self, config.port); // refuses wrong addresses before anything is opened
  const store = await openDatabase(config, search);
  const rulings = await openRulings(config);
  await removeBanned(store, rulings);
  const blocked = new BlockedAddresses(rulings);
  const plugin = pluginPolicy(config, store, log);
  const trust = new WebOfTrust(config.access.webOfTrust, {
    store,
    clock,
    log,
    defer: setImmediate,
  });
  if (asksFor("webOfTrust", config.access)) await trust.refresh();
  let relay: Relay | undefined;
  const members = config.membership.enabled
    ? await openMembers(config.membership, {
        store,
        clock,
        log,
        secretKey: key.secretKey,
        crypto,
        webOfTrust: trust,
        publish: (events) => (relay ? relay.publish(events) : store.insert(events)),
        removed: (pubkey) => void relay?.review(pubkey),
      })
    : undefined;
  const bans = banPolicy(rulings);
  const policy = all(
    ratePolicy(config.rates, { clock, networkOf: addressGroup }),
    limitsPolicy(limits, clock),
    bans,
    members?.policy ?? {},
    amendedAccess(config.access, rulings, {
      members: members?.membership ?? NOBODY,
      webOfTrust: trust,
    }),
    options.policy ?? {},
    plugin ?? {},
    // Again, since a plugin takes its time.
    bans,
    trust.observer,
  );
  const document = informationDocument(config, self, rulings);
  const describe = async (): Promise<void> => {
    if (!config.information.hidden) return;
    await describeSelf(document(), key.secretKey, { store, crypto, now: clock.now() });
  };
  await describe();
  const trustedProxies = addressList(config.trustedProxies);
  const server = createServer({
    headersTimeout: config.handshake.deadlineSeconds * SECOND,
    requestTimeout: config.handshake.deadlineSeconds * SECOND,
    connectionsCheckingInterval: SECOND,
  });
  server.maxConnections = config.connections.max;
  let port: number;
  try {
    port = await listen(server, config.port, host);
  } catch (error) {
    trust.close();
    await members?.membership.close();
    rulings.close();
    await store.close();
    throw error;
  }
  const announcement = announce(config, self, port);
  const { npub, address, nprofile, isOwnUrl } = announcement;
  const opened = new Relay({
    store,
    crypto,
    policy,
    ...(members ? { made: members.made } : {}),
    limits,
    auth,
    search,
    clock,
    isOwnUrl,
    log,
    defer: setImmediate,
  });
  relay = opened;
  server.on(
    "request",
    httpListener({
      path,
      information: document,
      isHidden: config.information.hidden,
      greeting: `This is a Nostr relay. Its address is ${address}\n`,
      management: managementEndpoint(config, announcement, {
        rulings,
        blocked,
        store,
        relay: opened,
        changed: describe,
        roles: members?.roles,
        crypto,
        clock,
        log,
      }),
      isBlocked: (request) => blocked.has(requestAddress(request, trustedProxies)),
    }),
  );
  const detach = attach(server, {
    crypto,
    clock,
    log,
    relay: { secretKey: key.secretKey, publicKey: crypto.secp256k1x.publicKey(key.secretKey) },
    path,
    auth,
    plaintext: config.plaintext,
    isHidden: config.information.hidden,
    plaintextNotice: `restricted: this relay is encrypted, and nothing of what you sent was read; connect to ${address} with an npubwire client`,
    maxMessage: limits.maxMessageLength,
    authDeadline: config.handshake.authDeadlineSeconds * SECOND,
    admission: {
      maxConnections: config.connections.max,
      maxConnectionsPerAddress: config.connections.maxPerAddress,
      maxPending: config.handshake.maxPending,
      maxPendingPerAddress: config.handshake.maxPendingPerAddress,
      maxPerMinutePerAddress: config.handshake.maxPerMinutePerAddress,
    },
    trustedProxies,
    isBlocked: (address) => blocked.has(address),
    isOwnUrl,
    admit: (pubkey, peer) => admit(policy, pubkey, peer),
    accept(channel) {
      // What was ruled while it was being admitted counts, too.
      if (!isBarred(channel.peer, rulings, blocked)) return opened.accept(channel);
      channel.close(CLOSE.restricted, "blocked: this key or address is banned from this relay");
    },
  });
  log("info", "relay listening", { address, host, port, crypto: crypto.name, key: key.origin });
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
      detach();
      const closed = new Promise((resolve) => server.close(resolve));
      const stopWaiting = clock.after(PLUGIN_PATIENCE, () => void plugin?.close());
      await opened.close();
      stopWaiting();
      await plugin?.close();
      server.closeIdleConnections();
      await closed;
      trust.close();
      await members?.membership.close();
      rulings.close();
      await store.close();
      log("info", "relay closed");
    },
  };
}

/** The plugin inherits the relay's environment, except its secret key. */
function pluginPolicy(
  { writePolicy, key }: RelayConfig,
  store: EventStore,
  log: Log,
): PluginPolicy | undefined {
  if (writePolicy.plugin === "") return undefined;
  const { [key.environment]: _, ...environment } = process.env;
  return new PluginPolicy({
    command: writePolicy.plugin,
    timeoutSeconds: writePolicy.timeoutSeconds,
    environment,
    isStored: async (id) => (await store.count([{ ids: new Set([id]), tags: new Map() }])) > 0,
    clock: systemClock,
    log,
  });
}

async function admit(policy: Policy, pubkey: PublicKey | undefined, peer: Peer): Promise<Verdict> {
  return (await policy.admit?.(pubkey, peer)) ?? accept;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
