/** A relay from a configuration and what is handed in beside it: key, store, rules and door, put together. */

import { availableParallelism } from "node:os";
import { type Clock, systemClock } from "../clock.ts";
import { createNodeCrypto } from "../crypto/node.ts";
import { VerifyPool } from "../crypto/verify-pool.ts";
import type { CryptoProvider } from "../crypto.ts";
import { type Log, silent } from "../log.ts";
import { MemoryRulings } from "../moderation/memory.ts";
import type { Rulings } from "../moderation.ts";
import { verifyEvent, verifyEventElsewhere } from "../nostr/event.ts";
import { encodeNpub, publicKeyOf, type SecretKey } from "../nostr/key.ts";
import type { Policy } from "../policy.ts";
import type { Verify } from "../relay/ingest.ts";
import { Relay } from "../relay/relay.ts";
import type { EventStore } from "../store.ts";
import { parseConfig, type RelayConfig } from "./config.ts";
import { openDatabase, openRulings } from "./database.ts";
import { addressGroup } from "./door/admission.ts";
import { EmbeddedRelay } from "./embedded-relay.ts";
import { informationDocument } from "./http/information.ts";
import { openSite } from "./http/site.ts";
import { ownRelayKey } from "./keys/relay-key.ts";
import { Metrics } from "./metrics.ts";
import { removeBanned } from "./moderation.ts";
import { Places } from "./places.ts";
import { RelayEmitter } from "./relay-events.ts";
import { openRules, type Rules } from "./rules.ts";
import { describeSelf } from "./self-description.ts";

/** Each may be left out; what remains is what `npubwire relay` does. */
export interface RelayOptions {
  /** From `loadConfig()` or `parseConfig({ … })`. Default: every setting's default. */
  readonly config?: RelayConfig;
  /**
   * The relay's secret key: an nsec, 64 hex digits or 32 bytes. Default: the one that the
   * configuration names, made on first start.
   */
  readonly key?: string | Uint8Array;
  /** Stays open when the relay closes. Default: the database in the configuration's `data` folder. */
  readonly store?: EventStore;
  /**
   * What administrators decide (NIP-86); stays open, too. Default: what lies in the database; beside
   * a store that is handed in, rulings that end with the process.
   */
  readonly rulings?: Rulings;
  /** Asked beside the limits and the plugin of the configuration. */
  readonly policy?: Policy;
  readonly log?: Log;
}

/** A relay that nobody reaches yet: see `attach` and `listen`. Rejects with a ConfigError, KeyError or StoreError. */
export async function createRelay(options: RelayOptions = {}): Promise<EmbeddedRelay> {
  const { config = parseConfig({}), log = silent, policy } = options;
  const crypto = createNodeCrypto();
  const { secretKey, origin } = ownRelayKey(options.key, config.key, crypto);
  const places = new Places(config, publicKeyOf(secretKey, crypto)); // refuses wrong addresses first
  const threads = threadsOf(config);
  const rooms = await openStore(config, options, threads);
  try {
    const base = { config, log, policy, crypto, secretKey, places, threads, rooms };
    const relay = await furnish(base);
    log("info", "relay created", { crypto: crypto.name, threads, key: origin });
    if (!crypto.constantTime) {
      log("warn", "signing is not constant time: tiny-secp256k1 does not load", {});
    }
    return relay;
  } catch (error) {
    await rooms.closeStore();
    throw error;
  }
}

interface Base {
  readonly config: RelayConfig;
  readonly log: Log;
  readonly policy: Policy | undefined;
  readonly crypto: CryptoProvider;
  readonly secretKey: SecretKey;
  readonly places: Places;
  readonly threads: number;
  readonly rooms: Rooms;
}

async function furnish(base: Base): Promise<EmbeddedRelay> {
  const { config, log, policy, crypto, secretKey, places, threads, rooms } = base;
  const { store, rulings } = rooms;
  const { self } = places;
  await removeBanned(store, rulings);
  const emitter = new RelayEmitter(log);
  const common = { store, rulings, crypto, clock: systemClock, log, places, emitter };
  const rules = await openRules(config, { ...common, secretKey, policy });
  const document = informationDocument(config, self, rulings);
  const describe = async (): Promise<void> => {
    if (!config.information.hidden) return;
    await describeSelf(document(), secretKey, { store, crypto, now: systemClock.now() });
  };
  await describe();
  const verifying = openVerifying(threads, crypto, log);
  const relay = openRelay(config, { ...common, ...verifying }, rules);
  const keyPair = { secretKey, publicKey: crypto.secp256k1x.publicKey(secretKey) };
  const metrics = new Metrics(common);
  const siteParts = { ...common, rules, relay, metrics, keyPair, document, describe };
  const { door, site } = openSite(config, siteParts);
  return new EmbeddedRelay({
    ...{ npub: encodeNpub(self), config, log, rules, relay, door, site, places, emitter },
    async closeRooms() {
      metrics.close();
      await rules.close();
      await verifying.closeThreads();
      await rooms.closeStore();
      secretKey.fill(0);
    },
  });
}

interface Rooms {
  readonly store: EventStore;
  readonly rulings: Rulings;
  /** Closes what was opened here. */
  closeStore(): Promise<void>;
}

async function openStore(
  config: RelayConfig,
  options: RelayOptions,
  threads: number,
): Promise<Rooms> {
  const store = options.store ?? (await openDatabase(config, config.search, threads));
  const rulings =
    options.rulings ?? (options.store ? new MemoryRulings() : await openRulings(config));
  return {
    store,
    rulings,
    async closeStore() {
      if (rulings !== options.rulings) rulings.close();
      if (store !== options.store) await store.close();
    },
  };
}

/** One spares the main thread what takes long; more pay only where thousands publish. */
function threadsOf({ threads }: RelayConfig): number {
  if (threads !== "auto") return threads;
  return availableParallelism() > 1 ? 1 : 0;
}

interface Verifying {
  readonly verify: Verify;
  closeThreads(): Promise<void>;
}

/** Events are checked in the configured threads, and in this one where that is quicker. */
function openVerifying(threads: number, crypto: CryptoProvider, log: Log): Verifying {
  const pool = new VerifyPool({
    threads,
    verify: crypto.verifySchnorr,
    lost: (error) => log("error", "a thread for signatures has ended", { error: String(error) }),
  });
  const check = pool.verify.bind(pool);
  return {
    verify: (event) =>
      threads === 0 ? verifyEvent(event, crypto) : verifyEventElsewhere(event, crypto, check),
    closeThreads: () => pool.close(),
  };
}

interface Common {
  readonly store: EventStore;
  readonly rulings: Rulings;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
  readonly places: Places;
  readonly emitter: RelayEmitter;
}

function openRelay(
  { limits, backlog, auth, search, eoseHints }: RelayConfig,
  { store, crypto, verify, clock, log, places, emitter }: Common & Verifying,
  rules: Rules,
): Relay {
  const relay = new Relay({
    store,
    crypto,
    verify,
    policy: rules.policy,
    ...(rules.members ? { made: rules.members.made } : {}),
    limits,
    backlog,
    auth,
    search,
    eoseHints,
    clock,
    networkOf: addressGroup,
    stored: (event) => emitter.emit("stored", event),
    isOwnUrl: (url) => places.isOwnUrl(url),
    log,
    defer: setImmediate,
  });
  rules.serve(relay);
  return relay;
}
