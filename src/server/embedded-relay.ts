/** A relay inside a program: what `createRelay` makes, and `attach` and `listen` open to the world. */

import type { Log } from "../log.ts";
import type { Relay } from "../relay/relay.ts";
import type { RelayConfig } from "./config.ts";
import type { Door } from "./door.ts";
import type { Site } from "./http/shared-server.ts";
import type { Places } from "./places.ts";
import type { Listener, RelayEmitter, RelayEvents } from "./relay-events.ts";
import type { Rules } from "./rules.ts";

/** Milliseconds that a closing relay waits for what its plugin is still to decide. */
const PLUGIN_PATIENCE = 2_000;

export interface EmbeddedRelayParts {
  readonly npub: string;
  readonly config: RelayConfig;
  readonly log: Log;
  readonly rules: Rules;
  readonly relay: Relay;
  readonly door: Door;
  readonly site: Site;
  readonly places: Places;
  readonly emitter: RelayEmitter;
  /** Ends what stands behind the relay; called last. */
  closeRooms(): Promise<void>;
}

export class EmbeddedRelay {
  /** The relay's key, as its address names it. */
  readonly npub: string;
  readonly config: RelayConfig;
  readonly #parts: EmbeddedRelayParts;
  readonly #exits = new Set<Exit>();
  #closed: Promise<void> | undefined;

  constructor(parts: EmbeddedRelayParts) {
    this.npub = parts.npub;
    this.config = parts.config;
    this.#parts = parts;
  }

  /**
   * `nostr+ws://npub1…@host:port/path`: the first of the configured addresses; without any, where
   * the relay was first attached. `undefined` as long as it is reached nowhere.
   */
  get address(): string | undefined {
    return this.#parts.places.address;
  }

  /** Calls the listener at each such event, until the returned function is called. */
  on<Name extends keyof RelayEvents>(name: Name, listener: Listener<Name>): () => void {
    return this.#parts.emitter.on(name, listener);
  }

  /**
   * Sends newcomers away, answers what was received, closes every connection in order, then the
   * store, unless it was handed in. Resolves when all of that is done.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** For `attach` and `listen`: what answers wherever the relay is reached. Throws when it is closed. */
  get site(): Site {
    if (this.#closed) throw new Error("this relay is closed; create another one");
    return this.#parts.site;
  }

  /** For `attach` and `listen`: where that is. */
  get places(): Places {
    return this.#parts.places;
  }

  /** For `attach` and `listen`: takes the exit once, when the returned function is called or the relay closes. */
  untilClosed(exit: Exit): () => void {
    this.#exits.add(exit);
    const leave = (): void => {
      if (this.#exits.delete(exit)) void exit(Promise.resolve());
    };
    // It may have been closed while the way in was being opened.
    void this.#closed?.then(leave);
    return leave;
  }

  async #close(): Promise<void> {
    const { rules, relay, door, closeRooms, emitter, log } = this.#parts;
    door.shut();
    const drained = rules.conclude(relay.close(), PLUGIN_PATIENCE);
    await Promise.all([drained, ...[...this.#exits].map((exit) => exit(drained))]);
    await closeRooms();
    log("info", "relay closed");
    emitter.emit("close");
  }
}

/** Ends a way in at once; resolves when nothing is left of it, which `drained` connections allow. */
export type Exit = (drained: Promise<void>) => void | Promise<void>;
