/** What the commands are given: `cli.ts` hands in the real parts, tests hand in others. */

import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import type { Log } from "../log.ts";
import type { Rulings } from "../moderation.ts";
import type { SecretKey } from "../nostr/key.ts";
import type { RelayConfig } from "../server/config.ts";
import type { KnownRelays } from "../server/dial/known-relays.ts";
import type { GatewayOptions, RunningGateway } from "../server/gateway.ts";
import type { RunningRelay } from "../server/start.ts";
import type { EventStore } from "../store.ts";

export interface CliParts {
  readonly version: string;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts a relay; `startRelay` of `index.ts`. */
  readonly startRelay: (
    config: RelayConfig,
    options: { readonly log: Log },
  ) => Promise<RunningRelay>;
  /** Starts a sidecar; `startSidecar` of `index.ts`. */
  readonly startSidecar: (
    config: RelayConfig,
    options: { readonly upstream: string; readonly log: Log },
  ) => Promise<RunningRelay>;
  /**
   * Opens the drop-in WebSocket at a `nostr+ws://npub1…@host` address, signing with `key`; through
   * the SOCKS proxy, if there is one.
   */
  readonly dial: (address: string, key: SecretKey, proxy?: string) => Socket;
  /** Starts a gateway; `startGateway` of `server/gateway.ts`. */
  readonly startGateway: (options: GatewayOptions) => Promise<RunningGateway>;
  /** The folder of what belongs to the user (`server/keys/user-folder.ts`). */
  readonly home: string;
  /** Which keys relays have proved before. */
  readonly knownRelays: KnownRelays;
  /** The database of a relay with this configuration; both from `server/database.ts`. */
  readonly hasDatabase: (config: RelayConfig) => boolean;
  readonly openDatabase: (config: RelayConfig) => Promise<EventStore>;
  /** Once the database is open. */
  readonly openRulings: (config: RelayConfig) => Promise<Rulings>;
  /** Sends a request over HTTP; rejects where there is no answer. */
  readonly post: (request: HttpPost) => Promise<HttpReply>;
  /** Standard input; `undefined` when it is a terminal. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
  /** Asks the person at the terminal, without showing the answer; `undefined` without a terminal. */
  readonly askPassword: ((question: string) => Promise<string>) | undefined;
  /** Standard output and standard error. The text brings its own line feeds. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Resolves when standard output takes more, or is closed. */
  readonly drained: () => Promise<void>;
  /** Whether standard output and standard error are seen by a person at once. */
  readonly terminal: { readonly out: boolean; readonly err: boolean };
  /** Aborted when the user wants the command to end, or with {@link OUTPUT_CLOSED}. */
  readonly stop: AbortSignal;
}

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Seconds. */
  readonly timeout: number;
}

export interface HttpReply {
  readonly status: number;
  readonly body: string;
}

/** Why `stop` was aborted when nobody reads standard output any more: a quiet end. */
export const OUTPUT_CLOSED = "output closed";

/** A WebSocket after WHATWG, as far as the commands use it. */
export interface Socket {
  addEventListener(type: string, listener: (event: Event) => void): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** Resolves when `stop` is aborted. */
export function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
