/** The relay behind a sidecar: where it is, and how it learns who the client is. */

import { dialPlain } from "../../channel/dial-plain.ts";
import type { Link, Peer } from "../../channel.ts";
import type { Clock } from "../../clock.ts";
import { malformed, type Parsed, parsed } from "../../nostr/parsed.ts";
import { DEFAULT_CLIENT_MAX_MESSAGE } from "../../transport/constants.ts";
import { connectPlain } from "../dial.ts";
import { isLoopback } from "../door/admission.ts";

export interface Upstream {
  /** `ws://…` or `wss://…` */
  readonly url: string;
  /** The same place over HTTP, for its NIP-11 document. */
  readonly httpUrl: string;
  /** Whether who the client is, and all it says, can be read on the way there. */
  readonly isExposed: boolean;
}

/** Milliseconds until the relay behind must have taken a connection. */
const DIAL_TIMEOUT = 10_000;

export function parseUpstream(text: string): Parsed<Upstream> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^wss?:$/.test(url.protocol) || url.hash !== "") {
    return malformed('expected the URL of a plain relay, such as "ws://127.0.0.1:7777"');
  }
  if (url.username !== "" || url.password !== "") {
    return malformed("expected a URL without a user or password");
  }
  const isLocal = url.hostname === "localhost" || isLoopback(url.hostname.replace(/^\[|\]$/g, ""));
  return parsed({
    url: url.href,
    httpUrl: url.href.replace(/^ws/, "http"),
    isExposed: url.protocol === "ws:" && !isLocal,
  });
}

/** One connection for one client. Rejects with a DialError. */
export function dialUpstream(
  { url }: Upstream,
  peer: Peer,
  clock: Clock,
  signal: AbortSignal,
): Promise<Link> {
  // What a client takes is what its relay may say.
  const options = { headers: identityHeaders(peer), maxMessage: DEFAULT_CLIENT_MAX_MESSAGE };
  return dialPlain(
    { clock, connect: () => connectPlain(url, options), timeout: DIAL_TIMEOUT },
    signal,
  );
}

/**
 * What the relay behind is told: the client's IP address and, if it has proved one, its key in hex.
 * Nothing of the client's own request is among it.
 */
function identityHeaders({ address, pubkeys }: Peer): Readonly<Record<string, string>> {
  const [pubkey] = pubkeys;
  return {
    "X-Forwarded-For": address,
    ...(pubkey === undefined ? {} : { "X-Npubwire-Pubkey": pubkey }),
  };
}
