/** Dialling for the user: a relay that is known by another key is not dialled, a new one becomes known. */

import { type DialOptions, dialSecure } from "../../channel/dial.ts";
import type { Link } from "../../channel.ts";
import type { Log } from "../../log.ts";
import type { RelayAddress } from "../../nostr/address.ts";
import { CLOSE, DEFAULT_CLIENT_MAX_MESSAGE } from "../../transport/constants.ts";
import type { Route } from "../dial.ts";
import { type KnownRelays, KnownRelaysError, placeOfRelay } from "./known-relays.ts";

export interface DialKnownOptions extends Pick<DialOptions, "crypto" | "clock" | "signer"> {
  readonly knownRelays: KnownRelays;
  readonly route: Pick<Route, "connect">;
  readonly log: Log;
}

/** Rejects with a DialError, or with a KnownRelaysError before or after dialling. */
export async function dialKnown(
  address: RelayAddress,
  options: DialKnownOptions,
  signal?: AbortSignal,
): Promise<Link> {
  const { crypto, clock, signer, knownRelays, route } = options;
  knownRelays.check(address);
  const maxMessage = DEFAULT_CLIENT_MAX_MESSAGE;
  const { connect } = route;
  const parts = { crypto, clock, signer, connect, maxMessage, timeout: DIAL_TIMEOUT };
  const link = await dialSecure(address, parts, signal);
  try {
    remember(address, options);
    return link;
  } catch (error) {
    link.close(CLOSE.normal, "");
    throw error;
  }
}

/** Milliseconds for a relay to answer, before its signer is asked. */
export const DIAL_TIMEOUT = 10_000;

function remember(address: RelayAddress, { knownRelays, log }: DialKnownOptions): void {
  const place = placeOfRelay(address);
  try {
    if (knownRelays.remember(address)) log("info", "relay known from now on", { place });
  } catch (error) {
    if (!(error instanceof KnownRelaysError) || error.code === "key-changed") throw error;
    log("warn", "relay not remembered", { place, reason: error.message });
  }
}
