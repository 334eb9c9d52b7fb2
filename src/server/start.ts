/** A whole relay from a configuration, created and opened to the world. */

import type { RelayConfig } from "./config.ts";
import { createRelay, type RelayOptions } from "./create.ts";
import { type Listening, listen } from "./listen.ts";

export type StartOptions = Omit<RelayOptions, "config">;

export interface RunningRelay extends Listening {
  readonly npub: string;
  /** Answers what was received, closes every connection in order, then the store. */
  close(): Promise<void>;
}

/** Throws a ConfigError, KeyError, StoreError or the system's error (port in use) when it cannot start. */
export async function startRelay(
  config: RelayConfig,
  options: StartOptions = {},
): Promise<RunningRelay> {
  const relay = await createRelay({ ...options, config });
  try {
    const listening = await listen(relay);
    const { address, host, port } = listening;
    options.log?.("info", "relay listening", { address, host, port });
    return { ...listening, npub: relay.npub, close: () => relay.close() };
  } catch (error) {
    await relay.close();
    throw error;
  }
}
