/** The door of a {@link SecureWebSocketServer}: the options that are not `ws`'s, and their defaults. */

import { resolve } from "node:path";
import type { Peer } from "../../channel.ts";
import { systemClock } from "../../clock.ts";
import { createNodeCrypto } from "../../crypto/node.ts";
import { type Log, silent } from "../../log.ts";
import { type PublicKey, publicKeyOf } from "../../nostr/key.ts";
import { accept, type Verdict } from "../../policy.ts";
import { AUTH_DEADLINE, DEFAULT_RELAY_MAX_MESSAGE } from "../../transport/constants.ts";
import { type AdmissionLimits, addressList } from "../door/admission.ts";
import { Door, type DoorOptions } from "../door.ts";
import { ownRelayKey } from "../keys/relay-key.ts";

export interface SecureDoorOptions {
  /**
   * The relay's secret key: an nsec, 64 hex digits or 32 bytes. Default: the environment variable
   * NPUBWIRE_KEY, else the file `relay.key` in the working directory, which is made on first start.
   */
  readonly key?: string | Uint8Array | undefined;
  /** Whether clients must prove a key of their own; a throwaway one will do. Default: required. */
  readonly auth?: "required" | "optional" | undefined;
  /** Who may connect without encryption. Default: nobody. */
  readonly plaintext?: "deny" | "loopback" | "allow" | undefined;
  /** May this key (`undefined`: an anonymous or a plain client) come in? Default: everybody may. */
  admit?(pubkey: PublicKey | undefined, peer: Peer): Verdict | Promise<Verdict>;
  /** Bytes of UTF-8 in one message from a client. Default: 512 KiB. */
  readonly maxPayload?: number | undefined;
  /** Milliseconds that a client has to prove its key. Default: 60,000. */
  readonly authDeadline?: number | undefined;
  /** What strangers may cost; what is left out has the defaults of `npubwire relay`. */
  readonly limits?: Partial<AdmissionLimits> | undefined;
  /** Proxies whose `X-Forwarded-For` is believed: addresses or CIDR networks. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Default: nothing is logged. */
  readonly log?: Log | undefined;
}

const LIMITS: AdmissionLimits = {
  maxConnections: 10_000,
  maxConnectionsPerAddress: 256,
  maxPending: 1_024,
  maxPendingPerAddress: 16,
  maxPerMinutePerAddress: 600,
};

/** Throws a KeyError where there is no usable key. */
export function openServerDoor(
  options: SecureDoorOptions,
  parts: Required<Pick<DoorOptions, "accept" | "headers" | "malformed">>,
): { readonly door: Door; readonly self: PublicKey } {
  const { auth = "required", plaintext = "deny", admit = () => accept, log = silent } = options;
  const crypto = createNodeCrypto();
  const source = { file: resolve("relay.key"), environment: "NPUBWIRE_KEY" };
  const { secretKey } = ownRelayKey(options.key, source, crypto);
  const door = new Door({
    ...parts,
    crypto,
    clock: systemClock,
    log,
    relay: { secretKey, publicKey: crypto.secp256k1x.publicKey(secretKey) },
    auth,
    plaintext,
    isHidden: false,
    plaintextNotice: () =>
      "restricted: this relay is encrypted, and nothing of what you sent was read; connect with an npubwire client",
    maxMessage: options.maxPayload ?? DEFAULT_RELAY_MAX_MESSAGE,
    authDeadline: options.authDeadline ?? AUTH_DEADLINE,
    admission: { ...LIMITS, ...options.limits },
    trustedProxies: addressList(options.trustedProxies ?? []),
    isBlocked: () => false,
    isOwnUrl: () => false,
    // Whether a plain client proves a key later is for the other relay to ask.
    asksPlainClients: false,
    admit: async (pubkey, peer) => await admit(pubkey, peer),
  });
  return { door, self: publicKeyOf(secretKey, crypto) };
}
