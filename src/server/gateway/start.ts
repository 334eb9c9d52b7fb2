/** A gateway inside a program: relays and a signer are handed in, and nothing is read but known relays. */

import { join } from "node:path";
import type { Signer } from "../../channel/dial.ts";
import { throwawaySigner } from "../../channel/signer.ts";
import { systemClock } from "../../clock.ts";
import { createNodeCrypto } from "../../crypto/node.ts";
import { type Log, silent } from "../../log.ts";
import { KnownRelaysFile } from "../dial/known-relays.ts";
import { route } from "../dial.ts";
import { type RunningGateway, startGateway as start } from "../gateway.ts";
import { userFolder } from "../keys/user-folder.ts";
import { newGatewaySettings, parseGatewaySettings } from "./settings.ts";

export interface GatewayOptions {
  /** By the name in its URL: `nostr+ws://npub1…@host:port`, or several, in order of preference. */
  readonly relays: Readonly<Record<string, string | readonly string[]>>;
  /** Signs in to every relay. Default: a throwaway key for each connection. */
  readonly signer?: Signer;
  /** A literal loopback address. Default: `127.0.0.1`. */
  readonly host?: "127.0.0.1" | "::1";
  /** Default: 0, a free one. */
  readonly port?: number;
  /** Web pages that may connect, as they call themselves in `Origin`. Default: none. */
  readonly origins?: readonly string[];
  /** `socks5h://host:port` */
  readonly proxy?: string;
  /** File of the relays that have been met. Default: the one of `npubwire gateway`. */
  readonly knownRelays?: string;
  readonly log?: Log;
}

/**
 * Its URLs hold a new secret each time. Rejects with a ConfigError for wrong options, a DialError
 * for a wrong proxy, or the system's error when it cannot listen.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { signer, port = 0, host = "127.0.0.1", origins = [], log = silent } = options;
  const { knownRelays = join(userFolder(process.env), "known_relays") } = options;
  const crypto = createNodeCrypto();
  const relays = Object.fromEntries(
    Object.entries(options.relays).map(([name, addresses]) => [name, [addresses].flat()]),
  );
  const settings = parseGatewaySettings(
    JSON.stringify({ ...newGatewaySettings(crypto), host, origins, relays }),
  );
  return start({
    crypto,
    clock: systemClock,
    log,
    knownRelays: new KnownRelaysFile(knownRelays),
    route: route(options.proxy),
    signer: () => signer ?? throwawaySigner(crypto),
    settings: () => settings,
    port,
  });
}
