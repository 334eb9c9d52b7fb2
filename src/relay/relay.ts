/**
 * The relay: channels in, one ingest and one index of subscriptions for all of them. It opens
 * nothing itself and closes only what it was given to serve.
 */

import type { Channel, Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import type { Log } from "../log.ts";
import { CLOSE } from "../nostr/close.ts";
import { type VerifiedEvent, verifyEvent } from "../nostr/event.ts";
import type { PublicKey } from "../nostr/key.ts";
import type { Reason } from "../nostr/message.ts";
import type { Limits, Policy } from "../policy.ts";
import type { EventStore, InsertOutcome } from "../store.ts";
import { Backlog, type BacklogLimits } from "./backlog.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import { Ingest, type Verify } from "./ingest.ts";
import { Pace } from "./pace.ts";
import { SharedQuota } from "./quota.ts";
import type { Made } from "./reader.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Sweep } from "./sweep.ts";

export interface RelayParts {
  readonly store: EventStore;
  readonly crypto: CryptoProvider;
  /** Who checks events; `crypto`, if it is left out. */
  readonly verify?: Verify;
  readonly policy: Policy;
  readonly limits: Limits;
  readonly backlog: BacklogLimits;
  /** Whether EVENT and REQ need a peer that has authenticated. */
  readonly auth: "required" | "optional";
  /** Whether the store can search (NIP-50). */
  readonly search: boolean;
  /** Whether EOSE has hints (NIP-67); it has, if this is left out. */
  readonly eoseHints?: boolean;
  readonly clock: Clock;
  /** What is made for whoever asks; nothing, if it is left out. */
  readonly made?: Made;
  /** Is told of every event that was stored. */
  readonly stored?: (event: VerifiedEvent) => void;
  /** What an address is counted as: the network of one household or server. */
  networkOf(address: string): string;
  /** Whether a URL names this relay (NIP-62). */
  isOwnUrl(url: string): boolean;
  readonly log: Log;
  /** Runs `run` after the events of this turn were read; `setImmediate` on Node. */
  readonly defer: (run: () => void) => void;
}

export class Relay {
  readonly #parts: ConnectionParts;
  readonly #ingest: Ingest;
  readonly #sweep: Sweep;
  readonly #connections = new Set<Connection>();
  #isClosing = false;

  constructor(parts: RelayParts) {
    const { verify = (event) => verifyEvent(event, parts.crypto) } = parts;
    const subscriptions = new Subscriptions();
    const { maxEvents, maxRequests } = parts.backlog;
    const backlog = new Backlog(maxEvents);
    this.#ingest = new Ingest({ ...parts, verify, subscriptions, backlog });
    this.#sweep = new Sweep(parts);
    const pace = new Pace(parts.defer, new Backlog(maxRequests));
    const quota = new SharedQuota(parts.limits.maxNegentropyEvents);
    this.#parts = { ...parts, verify, subscriptions, pace, quota, ingest: this.#ingest };
  }

  /** Serves an established channel, whose peer has been admitted; resolves when it has ended. */
  accept(channel: Channel): Promise<void> {
    if (this.#isClosing) {
      channel.close(CLOSE.goingAway, "the relay is shutting down");
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const connection = new Connection(this.#parts, channel, () => {
        this.#connections.delete(connection);
        resolve();
      });
      this.#connections.add(connection);
      connection.start();
    });
  }

  /** Who is connected. */
  *peers(): Generator<Peer> {
    for (const { peer } of this.#connections) yield peer;
  }

  /** Closes the channels of the peers that this concerns (NIP-86). */
  expel(concerns: (peer: Peer) => boolean, reason: Reason): void {
    for (const connection of this.#connections) {
      if (concerns(connection.peer)) connection.expel(reason);
    }
  }

  /** Resolves when every event that has been accepted until now is in the store, or has failed. */
  settled(): Promise<void> {
    return this.#ingest.settled();
  }

  /**
   * Stores and delivers events that the relay itself has made. Resolves with the outcomes,
   * `undefined` where storing has failed.
   */
  publish(events: readonly VerifiedEvent[]): Promise<readonly (InsertOutcome | undefined)[]> {
    return this.#ingest.publish(events);
  }

  /** Asks the policy again about whoever has shown this key, and ends what it refuses by now. */
  async review(key: PublicKey): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.review(key)));
  }

  /**
   * Answers what was received, then closes every channel. Resolves when the store is no longer
   * used; closing it is left to whoever opened it.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const connection of this.#connections) connection.shut();
    await this.#ingest.idle();
    await this.#sweep.stop();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }
}
