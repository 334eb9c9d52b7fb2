/** Whatever decides on a relay with this configuration: rates, limits, bans, members, lists, plugin. */

import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import type { Log } from "../log.ts";
import type { Rulings } from "../moderation.ts";
import type { SecretKey } from "../nostr/key.ts";
import { asksFor } from "../policy/access.ts";
import { connectionsPolicy } from "../policy/connections.ts";
import { limitsPolicy } from "../policy/limits.ts";
import { amendedAccess, banPolicy } from "../policy/moderation.ts";
import { PluginPolicy } from "../policy/plugin.ts";
import { ratePolicy } from "../policy/rate.ts";
import { WebOfTrust } from "../policy/web-of-trust.ts";
import { all, type Policy } from "../policy.ts";
import type { Relay } from "../relay/relay.ts";
import type { EventStore } from "../store.ts";
import type { RelayConfig } from "./config.ts";
import { addressGroup } from "./door/admission.ts";
import { type Members, openMembers } from "./members.ts";

export interface Rules {
  /** All of them, in the order in which they are asked. */
  readonly policy: Policy;
  readonly members: Members | undefined;
  /** Whom members' comings and goings concern, once there are connections. */
  serve(relay: Relay): void;
  /** Ends the plugin, after `milliseconds` at the latest if `decided` takes longer. */
  conclude(decided: Promise<void>, milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface RulesParts {
  readonly store: EventStore;
  readonly rulings: Rulings;
  readonly secretKey: SecretKey;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
  /** The embedder's own, asked before the plugin. */
  readonly policy: Policy | undefined;
}

const NOBODY = { has: () => false };

/** Rejects when the store fails. */
export async function openRules(config: RelayConfig, parts: RulesParts): Promise<Rules> {
  const { rulings, clock } = parts;
  let relay: Relay | undefined;
  const webOfTrust = await openWebOfTrust(config, parts);
  const members = await membersOf(config, parts, webOfTrust, () => relay);
  const plugin = pluginPolicy(config, parts);
  const groups = { members: members?.membership ?? NOBODY, webOfTrust };
  const bans = banPolicy(rulings);
  const policy = all(
    ratePolicy(config.rates, { clock, networkOf: addressGroup }),
    limitsPolicy(config.limits, clock),
    bans,
    members?.policy ?? {},
    amendedAccess(config.access, rulings, groups),
    parts.policy ?? {},
    plugin ?? {},
    // Again, since a plugin takes its time.
    bans,
    webOfTrust.observer,
    connectionsPolicy(config.connections.maxPerNpub, () => relay?.peers() ?? []),
  );
  return {
    policy,
    members,
    serve(served) {
      relay = served;
    },
    async conclude(decided, milliseconds) {
      const stopWaiting = clock.after(milliseconds, () => void plugin?.close());
      await decided;
      stopWaiting();
      await plugin?.close();
    },
    async close() {
      await plugin?.close();
      webOfTrust.close();
      await members?.membership.close();
    },
  };
}

async function openWebOfTrust(
  { access }: RelayConfig,
  { store, clock, log }: RulesParts,
): Promise<WebOfTrust> {
  const trust = new WebOfTrust(access.webOfTrust, { store, clock, log, defer: setImmediate });
  if (asksFor("webOfTrust", access)) await trust.refresh();
  return trust;
}

async function membersOf(
  { membership, access }: RelayConfig,
  { store, rulings, clock, log, secretKey, crypto }: RulesParts,
  webOfTrust: WebOfTrust,
  relay: () => Relay | undefined,
): Promise<Members | undefined> {
  if (!membership.enabled) return undefined;
  return await openMembers(membership, {
    store,
    clock,
    log,
    secretKey,
    crypto,
    webOfTrust,
    isBanned: (key) => access.connect.deny.includes(key) || rulings.has("banned pubkey", key),
    publish: (events) => relay()?.publish(events) ?? store.insert(events),
    removed: (pubkey) => void relay()?.review(pubkey),
  });
}

/** The plugin inherits the relay's environment, except its secret key. */
function pluginPolicy(
  { writePolicy, key }: RelayConfig,
  { store, clock, log }: RulesParts,
): PluginPolicy | undefined {
  if (writePolicy.plugin === "") return undefined;
  const { [key.environment]: _, ...environment } = process.env;
  return new PluginPolicy({
    command: writePolicy.plugin,
    timeoutSeconds: writePolicy.timeoutSeconds,
    environment,
    isStored: async (id) => (await store.count([{ ids: new Set([id]), tags: new Map() }])) > 0,
    clock,
    log,
  });
}
