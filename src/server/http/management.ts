/**
 * Management over HTTP (NIP-86): a POST on the relay's URL, authorized by an administrator's NIP-98
 * event. Served to this machine, and over TLS that a trusted proxy vouches for; nowhere else, since
 * answers tell what only administrators should know (SPEC, "Gateway and sidecar"). Whatever is wrong
 * is found out in the order of what it costs.
 */

import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { Clock } from "../../clock.ts";
import type { CryptoProvider } from "../../crypto.ts";
import type { Log } from "../../log.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { HTTP_AUTH_WINDOW, readHttpAuth, verifyHttpAuth } from "../../nostr/http-auth.ts";
import type { EventId, PublicKey } from "../../nostr/key.ts";
import { malformed, type Parsed, parsed } from "../../nostr/parsed.ts";
import type { Answer } from "../../relay/management.ts";
import type { RequestWay } from "../announcement.ts";
import {
  addressGroup,
  isFromHere,
  isListed,
  plainAddress,
  requestAddress,
} from "../door/admission.ts";

export interface ManagementOptions {
  readonly administrators: ReadonlySet<PublicKey>;
  readonly trustedProxies: BlockList;
  /** Whether those who come from elsewhere must not learn that there is a relay. */
  readonly isHidden: boolean;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a URL is the relay's own, for requests that come this way. */
  isRequestUrl(url: string, way: RequestWay): boolean;
  /** Carries out the text of a request; never rejects. */
  answer(text: string, administrator: PublicKey): Promise<Answer>;
}

/** Bytes of one request. */
const MAX_BODY = 65_536;
/** Failed attempts that one address (IPv6: one /64 network) has in a minute. */
const MAX_FAILURES = 20;
/** Addresses that are remembered for their failures; in a minute with more, nobody gets in. */
const MAX_FAILING = 10_000;
/** Requests in the time in which one could be repeated; only administrators' own are remembered. */
const MAX_REMEMBERED = 10_000;
const MINUTE = 60;

const MANAGEMENT_TYPE = "application/nostr+json+rpc";

export class ManagementEndpoint {
  readonly #options: ManagementOptions;
  readonly #failures: Failures;
  readonly #used: UsedEvents;

  constructor(options: ManagementOptions) {
    this.#options = options;
    this.#failures = new Failures(options.clock);
    this.#used = new UsedEvents(options.clock);
  }

  /** Whether a request at the relay's path is one for management, by its method and type. */
  takes({ url, method, headers }: IncomingMessage): boolean {
    const [type = ""] = (headers["content-type"] ?? "").split(";");
    return (
      method === "POST" &&
      url?.includes("?") === false &&
      type.trim().toLowerCase() === MANAGEMENT_TYPE
    );
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#serve(request, response);
    } catch (error) {
      // The client is gone, or this is a fault of ours; either way nothing more can be said.
      this.#options.log("warn", "management request failed", { error: String(error) });
      response.destroy();
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { trustedProxies, log, isHidden } = this.#options;
    const address = requestAddress(request, trustedProxies);
    const way = wayOf(request, trustedProxies);
    const refuse = (status: number, reason: string): void => {
      log("warn", "management refused", { address, status, reason });
      request.resume();
      if (isHidden && way !== "local") response.writeHead(404, { "Content-Length": 0 }).end();
      else send(response, status, { error: reason });
    };
    if (way === undefined) return refuse(403, "only on this machine, or over TLS");
    if (this.#failures.areTooMany(address)) return refuse(429, "too many failed attempts");
    const fail = (reason: string): void => {
      this.#failures.add(address);
      refuse(401, reason);
    };
    const claimed = this.#readAuthorization(request, way);
    if (!claimed.ok) return fail(claimed.reason);
    const body = await readBody(request);
    if (!body) return refuse(413, `a request has at most ${MAX_BODY} bytes`);
    const administrator = this.#verify(claimed.value, body);
    if (!administrator.ok) return fail(administrator.reason);
    const answer = isUtf8(body)
      ? await this.#options.answer(body.toString("utf8"), administrator.value)
      : { error: "the request is not UTF-8" };
    send(response, 200, answer);
  }

  /** Before the body is read: what is claimed, and whether the one who claims it is of any interest. */
  #readAuthorization(request: IncomingMessage, way: RequestWay): Parsed<NostrEvent> {
    const { clock, administrators, isRequestUrl } = this.#options;
    const event = readHttpAuth(request.headers.authorization, {
      method: "POST",
      isRequested: (url) => isRequestUrl(url, way),
      now: clock.now(),
    });
    if (!event.ok) return event;
    return administrators.has(event.value.pubkey)
      ? event
      : malformed("this key is not an administrator's");
  }

  #verify(claimed: NostrEvent, body: Uint8Array): Parsed<PublicKey> {
    const event = verifyHttpAuth(claimed, body, this.#options.crypto);
    if (!event.ok) return event;
    return this.#used.add(event.value.id)
      ? parsed(event.value.pubkey)
      : malformed("this event was used before: sign a new one for each request");
  }
}

/** A trusted proxy is believed when it says that the client came over TLS. */
function wayOf(request: IncomingMessage, proxies: BlockList): RequestWay | undefined {
  if (isFromHere(request)) return "local";
  const { socket, headers } = request;
  const isTrusted = isListed(plainAddress(socket.remoteAddress ?? ""), proxies);
  return isTrusted && headers["x-forwarded-proto"] === "https" ? "tls" : undefined;
}

/** `undefined` when it is too long. Rejects when the client goes away. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  return await new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", reject);
    request.once("close", () => reject(new Error("the client is gone")));
  });
}

function send(response: ServerResponse, status: number, answer: Answer): void {
  const body = JSON.stringify(answer);
  response.writeHead(status, {
    "Access-Control-Allow-Origin": "*",
    "Content-Type": `${MANAGEMENT_TYPE}; charset=utf-8`,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...(status === 401 ? { "WWW-Authenticate": "Nostr" } : {}),
    ...(status === 413 ? { Connection: "close" } : {}),
  });
  response.end(body);
}

/** Failed attempts of this minute. */
class Failures {
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #minute = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  areTooMany(address: string): boolean {
    this.#sweep();
    const count = this.#counts.get(addressGroup(address));
    return count === undefined ? this.#counts.size >= MAX_FAILING : count >= MAX_FAILURES;
  }

  add(address: string): void {
    const group = addressGroup(address);
    this.#counts.set(group, (this.#counts.get(group) ?? 0) + 1);
  }

  #sweep(): void {
    const minute = Math.floor(this.#clock.now() / MINUTE);
    if (minute !== this.#minute) this.#counts.clear();
    this.#minute = minute;
  }
}

/** Events that must not count twice, for as long as their time stamps are accepted. */
class UsedEvents {
  readonly #clock: Clock;
  /** Id → when it may be forgotten; in the order of use. */
  readonly #ids = new Map<EventId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is new, and there is room to remember it. */
  add(id: EventId): boolean {
    const now = this.#clock.now();
    for (const [old, until] of this.#ids) {
      if (until >= now) break;
      this.#ids.delete(old);
    }
    if (this.#ids.has(id) || this.#ids.size >= MAX_REMEMBERED) return false;
    // From a time stamp one window ahead to one window behind.
    this.#ids.set(id, now + 2 * HTTP_AUTH_WINDOW);
    return true;
  }
}
