/**
 * The relay's configuration: `relay.config.json` in, a complete and checked `RelayConfig` out.
 * Read once, at the start; whatever is wrong is reported at once, each with the path of the setting.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { LogLevel } from "../log.ts";
import type { PublicKey } from "../nostr/key.ts";
import { isRecord } from "../nostr/parsed.ts";
import { type AccessSettings, demandsKey, type Who } from "../policy/access.ts";
import type { Rates } from "../policy/rate.ts";
import type { WebOfTrustSettings } from "../policy/web-of-trust.ts";
import type { Limits } from "../policy.ts";
import type { BacklogLimits } from "../relay/backlog.ts";
import { findJsonError } from "./config/json-error.ts";
import { describeConflicts, describeProblems } from "./config/problems.ts";
import { configSchema } from "./config/schema.ts";

/** What each setting means stands in `relay.config.schema.json`. */
export interface RelayConfig {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly addresses: readonly string[];
  /** Absolute. */
  readonly data: string;
  readonly key: {
    /** Absolute. */
    readonly file: string;
    readonly environment: string;
  };
  readonly plaintext: "deny" | "loopback" | "allow";
  /** Always required where `access.connect` does not let everybody in. */
  readonly auth: "required" | "optional";
  readonly search: boolean;
  /** Whether EOSE tells what NIP-67 wants it to. */
  readonly eoseHints: boolean;
  /** That check signatures, and as many that read; `auto` leaves it to the machine. */
  readonly threads: number | "auto";
  readonly administrators: readonly PublicKey[];
  /** An empty text says nothing. */
  readonly information: {
    readonly name: string;
    readonly description: string;
    readonly banner: string;
    readonly icon: string;
    readonly pubkey: PublicKey | "";
    readonly contact: string;
    readonly termsOfService: string;
    readonly hidden: boolean;
  };
  readonly access: AccessSettings & { readonly webOfTrust: WebOfTrustSettings };
  readonly membership: {
    readonly enabled: boolean;
    /** Made members at each start. */
    readonly members: readonly PublicKey[];
    readonly maxMembers: number;
    readonly inviters: readonly Who[];
    readonly inviteDays: number;
    /** Invite codes for everybody. */
    readonly codes: readonly string[];
  };
  readonly limits: Limits;
  readonly rates: Rates;
  readonly backlog: BacklogLimits;
  readonly connections: {
    readonly max: number;
    readonly maxPerAddress: number;
    readonly maxPerNpub: number;
  };
  readonly handshake: {
    readonly deadlineSeconds: number;
    readonly authDeadlineSeconds: number;
    readonly maxPending: number;
    readonly maxPendingPerAddress: number;
    readonly maxPerMinutePerAddress: number;
  };
  readonly writePolicy: {
    /** For `sh -c`; empty for none. */
    readonly plugin: string;
    readonly timeoutSeconds: number;
  };
  /** IP addresses and networks in CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly log: { readonly level: LogLevel };
}

/** What the command line puts above the file. `data` is relative to the working directory. */
export interface ConfigOverrides {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly data?: string | undefined;
}

/** The file that is read when none is named, if it is there. */
export const DEFAULT_CONFIG_FILE = "relay.config.json";

const DEFAULTS = "Every setting with its default stands in npubwire's own relay.config.json.";

/** The configuration cannot be used. Each problem is a sentence that begins with the setting's path. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** The file, or `undefined` where there is none. */
  readonly file: string | undefined;
  readonly problems: readonly string[];
  /** Where to look for what is right. */
  readonly advice: string;

  constructor(problems: readonly string[], file?: string, advice: string = DEFAULTS) {
    super([file ?? "configuration", ...problems].join("\n  "));
    this.file = file;
    this.advice = advice;
    this.problems = problems;
  }
}

/**
 * Reads the configuration from `path`; without one from `relay.config.json` in the working
 * directory, if there is such a file, else takes the defaults.
 * Throws a {@link ConfigError} when the file cannot be read or a setting is unknown or wrong.
 */
export function loadConfig(path?: string, overrides: ConfigOverrides = {}): RelayConfig {
  const file = path ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
  if (file === undefined) return parseConfig({}, overrides);
  const folder = dirname(resolve(file));
  try {
    return parseConfig(parseJson(readText(file)), overrides, folder);
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.problems, file) : error;
  }
}

/**
 * Completes and checks settings, as the file would hold them. Paths in them are relative to
 * `folder`. Throws a {@link ConfigError}.
 */
export function parseConfig(
  settings: unknown,
  overrides: ConfigOverrides = {},
  folder: string = process.cwd(),
): RelayConfig {
  const { data: dataFlag, ...flags } = overrides;
  const given = withFlags(settings, flags);
  const result = configSchema.safeParse(given);
  if (!result.success) {
    throw new ConfigError(describeProblems(result.error, given, configSchema.parse({})));
  }
  const config = result.data;
  const conflicts = describeConflicts(config);
  if (conflicts.length > 0) throw new ConfigError(conflicts);
  const data = dataFlag === undefined ? resolve(folder, config.data) : resolve(dataFlag);
  return {
    ...config,
    data,
    auth: demandsKey(config.access) ? "required" : config.auth,
    key: { ...config.key, file: resolve(data, config.key.file) },
    limits: {
      ...config.limits,
      defaultLimit: Math.min(config.limits.defaultLimit, config.limits.maxLimit),
    },
  };
}

function readText(file: string): string {
  try {
    // Editors on Windows put a byte order mark in front; JSON.parse refuses it.
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([missing ? "there is no such file" : `cannot be read: ${reason}`]);
  }
}

function parseJson(text: string): unknown {
  const error = findJsonError(text);
  if (error === undefined) return JSON.parse(text);
  const { line, column, expected } = error;
  throw new ConfigError([`not JSON: line ${line}, column ${column}: expected ${expected}`]);
}

function withFlags(settings: unknown, flags: Omit<ConfigOverrides, "data">): unknown {
  if (!isRecord(settings)) return settings;
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...settings, ...Object.fromEntries(given) };
}
