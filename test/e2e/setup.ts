/** Relays on real sockets for the tests: a free port, a new folder, everything gone afterwards. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  parseConfig,
  type RelayConfig,
  type RunningRelay,
  startRelay,
  startSidecar,
} from "../../src/index.ts";
import type { Log, LogFields, LogLevel } from "../../src/log.ts";
import type { Policy } from "../../src/policy.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields | undefined;
}

export interface TestRelay extends RunningRelay {
  /** The folder with key and events; a second relay may be started on it after `close`. */
  readonly data: string;
  /** `ws://host:port` */
  readonly url: string;
  readonly log: readonly LogLine[];
}

export interface TestRelayOptions {
  /** As in `relay.config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly policy?: Policy;
  /** The folder of an earlier relay, to start it again. */
  readonly data?: string;
}

/** A test, or a file of tests (`node:test` itself): something that can be cleaned up after. */
export interface Scope {
  after(run: () => void | Promise<void>): void;
}

/** A running relay that ends with the test. */
export async function testRelay(t: Scope, options: TestRelayOptions = {}): Promise<TestRelay> {
  const { policy } = options;
  // Most tests ask nothing of threads and start sooner without; THREADS runs all of them with some.
  const threads = Number(process.env["THREADS"] ?? 0);
  const settings = { ...options, config: { threads, ...options.config } };
  return await started(t, settings, (config, log) =>
    startRelay(config, { log, ...(policy ? { policy } : {}) }),
  );
}

/** A running sidecar before `upstream` that ends with the test. */
export async function testSidecar(
  t: Scope,
  upstream: string,
  options: Omit<TestRelayOptions, "policy"> = {},
): Promise<TestRelay> {
  return await started(t, options, (config, log) => startSidecar(config, { upstream, log }));
}

async function started(
  t: Scope,
  options: TestRelayOptions,
  start: (config: RelayConfig, log: Log) => Promise<RunningRelay>,
): Promise<TestRelay> {
  const data = options.data ?? testFolder(t);
  const log: LogLine[] = [];
  const settings = { host: "127.0.0.1", port: 0, ...options.config };
  const relay = await start(parseConfig(settings, { data }), (level, event, fields) =>
    log.push({ level, event, fields }),
  );
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= relay.close();
    return closed;
  };
  t.after(close);
  return { ...relay, close, data, log, url: `ws://127.0.0.1:${relay.port}` };
}

/** A new folder that is removed after the test. */
export function testFolder(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), "npubwire-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
