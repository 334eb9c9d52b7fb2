/** The clients of a sidecar: each is joined to a connection of its own to the relay behind. */

import { setMaxListeners } from "node:events";
import { type PipeOutcome, pipe } from "../../channel/pipe.ts";
import type { Channel, Link, Peer } from "../../channel.ts";
import { systemClock } from "../../clock.ts";
import type { CryptoProvider } from "../../crypto.ts";
import type { Log } from "../../log.ts";
import { CLOSE } from "../../nostr/close.ts";
import type { PublicKey } from "../../nostr/key.ts";
import { notice } from "../../nostr/message.ts";
import { accessPolicy } from "../../policy/access.ts";
import { connectionsPolicy } from "../../policy/connections.ts";
import { ratePolicy } from "../../policy/rate.ts";
import { all, type Policy } from "../../policy.ts";
import type { RelayConfig } from "../config.ts";
import { addressGroup } from "../door/admission.ts";
import { Metrics } from "../metrics.ts";
import { Front } from "./front.ts";
import { dialUpstream, type Upstream } from "./upstream.ts";

export interface ClientsParts {
  readonly crypto: CryptoProvider;
  readonly log: Log;
}

const SECOND = 1_000;
const NOBODY = { has: () => false };
/** What clients are told of it. */
const BEHIND = "the relay behind this door";

export class Clients {
  /** Who comes in, and how much each may say. */
  readonly policy: Policy;
  readonly #config: RelayConfig;
  readonly #upstream: Upstream;
  readonly #crypto: CryptoProvider;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #banned: ReadonlySet<PublicKey>;
  readonly #served = new Map<Channel, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(config: RelayConfig, upstream: Upstream, { crypto, log }: ClientsParts) {
    this.#config = config;
    this.#upstream = upstream;
    this.#crypto = crypto;
    this.#log = log;
    this.#metrics = new Metrics({ clock: systemClock, log });
    this.#banned = new Set(config.access.connect.deny);
    const groups = { members: NOBODY, webOfTrust: NOBODY };
    this.policy = all(
      ratePolicy(config.rates, { clock: systemClock, networkOf: addressGroup }),
      accessPolicy(config.access, groups),
      connectionsPolicy(config.connections.maxPerNpub, () => this.#peers()),
    );
    setMaxListeners(0, this.#closing.signal);
  }

  accept(accepted: Channel): void {
    const channel = this.#metrics.watch(accepted);
    const served = this.#serve(channel)
      .catch((error: unknown) => {
        this.#log("error", "client could not be served", { error: String(error) });
        channel.close(CLOSE.internal, "error: the relay has failed");
      })
      .finally(() => this.#served.delete(channel));
    this.#served.set(channel, served);
  }

  /** Closes every connection in order; resolves when that is done. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const channel of this.#served.keys()) goAway(channel);
    await Promise.all(this.#served.values());
    this.#metrics.close();
  }

  *#peers(): Generator<Peer> {
    for (const { peer } of this.#served.keys()) yield peer;
  }

  async #serve(channel: Channel): Promise<void> {
    // What the client says waits in its own machine until there is somebody to hear it.
    channel.pause();
    const upstream = await this.#dial(channel);
    if (!upstream) return;
    channel.resume();
    const front = new Front(
      {
        crypto: this.#crypto,
        policy: this.policy,
        isBanned: (pubkey) => this.#banned.has(pubkey),
        defer: setImmediate,
      },
      channel,
    );
    const client = { link: channel, name: "the client", take: front.fromClient.bind(front) };
    const behind = { link: upstream, name: BEHIND, take: front.fromUpstream.bind(front) };
    const maxStall = this.#config.limits.maxStallSeconds * SECOND;
    const outcome = await pipe(client, behind, { clock: systemClock, maxStall });
    if (outcome.first === behind) this.#logFailure(outcome, channel);
  }

  /** `undefined` where the relay behind is not reached; the client has learned it then. */
  async #dial(channel: Channel): Promise<Link | undefined> {
    const { signal } = this.#closing;
    try {
      return await dialUpstream(this.#upstream, channel.peer, systemClock, signal);
    } catch (error) {
      // Nothing is delivered any more, but the client's close frame has to be read.
      channel.start({ message() {}, end() {} });
      if (signal.aborted) {
        goAway(channel);
        return undefined;
      }
      const { address } = channel.peer;
      this.#log("warn", "the relay behind is not reached", { address, reason: codeOf(error) });
      channel.send(notice(`error: ${BEHIND} is not reachable; try again later`));
      channel.close(CLOSE.internal, `error: ${BEHIND} is not reachable`);
      return undefined;
    }
  }

  #logFailure({ end: { clean, code, error } }: PipeOutcome, { peer }: Channel): void {
    const { address } = peer;
    if (clean) this.#log("debug", "the relay behind closed a connection", { address, code });
    else this.#log("warn", "the relay behind failed", { address, reason: codeOf(error) });
  }
}

function goAway(channel: Channel): void {
  channel.close(CLOSE.goingAway, "the relay is shutting down");
}

/** The code of what was at the bottom of it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return codeOf(error.cause) ?? ("code" in error ? String(error.code) : undefined);
}
