/** What an embedded relay tells its program. Questions are policies (policy.ts); these are news. */

import type { Peer } from "../channel.ts";
import type { Log } from "../log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";

/** Each event's name, and what its listeners are given. */
export interface RelayEvents {
  /** A client was let in; `pubkeys` of the peer grow when it proves more keys. */
  connection: [peer: Peer];
  /** Its connection has ended, and nothing of it is under way any more. */
  disconnection: [peer: Peer];
  /** This relay has stored an event durably; duplicates and ephemeral events are not stored. */
  stored: [event: VerifiedEvent];
  /** Everything is closed. */
  close: [];
}

export type Listener<Name extends keyof RelayEvents> = (...news: RelayEvents[Name]) => void;

export class RelayEmitter {
  readonly #listeners: { readonly [Name in keyof RelayEvents]: Set<Listener<Name>> } = {
    connection: new Set(),
    disconnection: new Set(),
    stored: new Set(),
    close: new Set(),
  };
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Calls the listener each time, until the returned function is called. */
  on<Name extends keyof RelayEvents>(name: Name, listener: Listener<Name>): () => void {
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  emit<Name extends keyof RelayEvents>(name: Name, ...news: RelayEvents[Name]): void {
    for (const listener of this.#listeners[name]) {
      try {
        listener(...news);
      } catch (error) {
        // What a listener gets wrong must not become the client's error.
        this.#log("error", "listener failed", { listener: name, error: String(error) });
      }
    }
  }
}
