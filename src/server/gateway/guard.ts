/**
 * Who may speak to the gateway (SPEC, "Gateway and sidecar"). Any web page can open connections to
 * this machine, and by DNS rebinding even under a name of its own; neither gets past `Host` and
 * `Origin`. The secret in the path keeps out other users' programs.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { RelayAddress } from "../../nostr/address.ts";
import { addressesOf, type GatewaySettings } from "./settings.ts";

export interface Caller {
  /** The relay that the path names. */
  readonly name: string;
  readonly addresses: readonly RelayAddress[];
  /** The web page that asks, if it is one that may. */
  readonly origin: string | undefined;
}

/** `own`: what is listened on, as {@link authority} spells it. A number is the HTTP status of a refusal. */
export function identify(
  request: IncomingMessage,
  settings: GatewaySettings,
  own: string,
): Caller | number {
  const { host, origin } = request.headersDistinct;
  if (host?.length !== 1 || host[0] !== own) return FORBIDDEN;
  const page = origin?.[0];
  if (origin && (origin.length !== 1 || !settings.origins.includes(page ?? ""))) return FORBIDDEN;
  // Some libraries end every URL with a "/".
  const [, secret = "", name = "", ...more] = (request.url ?? "").replace(/\/$/, "").split("/");
  const isSecret = isEqual(secret, settings.secret);
  const addresses = addressesOf(settings, name);
  // One answer for all of these: what is missing is not to be found out step by step.
  if (!isSecret || addresses.length === 0 || more.length > 0) return NOT_FOUND;
  return { name, addresses, origin: page };
}

/** A literal address and port, as URLs and `Host` spell them. */
export function authority(host: GatewaySettings["host"], port: number): string {
  return `${host === "::1" ? "[::1]" : host}:${port}`;
}

const FORBIDDEN = 403;
const NOT_FOUND = 404;

/** In a time that tells neither where two texts differ nor how long they are. */
function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
