/**
 * Which settings of `relay.config.json` a sidecar keeps. Those that protect something and that only
 * a relay can keep are refused; those that merely have no meaning here are named, so that nobody
 * relies on them.
 */

import { isRecord } from "../../nostr/parsed.ts";
import { ConfigError, parseConfig, type RelayConfig } from "../config.ts";

const KEPT: ReadonlySet<string> = new Set([
  "host",
  "port",
  "path",
  "addresses",
  "data",
  "key.file",
  "key.environment",
  "auth",
  "information.name",
  "information.description",
  "information.hidden",
  "access.connect",
  "limits.maxMessageLength",
  "limits.maxStallSeconds",
  "rates.perAddress",
  "rates.perNpub",
  "connections.max",
  "connections.maxPerAddress",
  "connections.maxPerNpub",
  "handshake.deadlineSeconds",
  "handshake.authDeadlineSeconds",
  "handshake.maxPending",
  "handshake.maxPendingPerAddress",
  "handshake.maxPerMinutePerAddress",
  "trustedProxies",
  "log.level",
]);

const REFUSED: Readonly<Record<string, string>> = {
  plaintext: 'expected "deny": only encrypted connections come through a sidecar',
  administrators: "expected nobody: manage the relay behind with its own means",
  "access.read": "expected the default: who may read what is for the relay behind to say",
  "access.write": "expected the default: who may publish what is for the relay behind to say",
  "membership.enabled": "expected false: members are kept by a relay, not by a sidecar",
  "writePolicy.plugin": "expected none: plugins are for the relay behind",
};

/**
 * The settings that differ from their defaults and have no meaning here. Throws a
 * {@link ConfigError} for those that somebody may count on.
 */
export function ignoredSettings(config: RelayConfig): readonly string[] {
  const changed = changedSettings(config);
  const problems = changed.flatMap((path) => {
    const problem = REFUSED[path];
    return problem === undefined ? [] : [`${path}: ${problem}`];
  });
  for (const word of ["members", "webOfTrust"] as const) {
    if (!config.access.connect.allow.includes(word)) continue;
    problems.push(`access.connect.allow: expected npubs or "everybody", got "${word}"`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return changed.filter((path) => !KEPT.has(path));
}

function changedSettings(config: RelayConfig): readonly string[] {
  const defaults = flattened(parseConfig({}));
  return [...flattened(config)].flatMap(([path, value]) =>
    defaults.get(path) === value ? [] : [path],
  );
}

/** Groups have one level. */
function flattened(config: RelayConfig): ReadonlyMap<string, string> {
  const settings = Object.entries(config).flatMap(([name, value]) =>
    isRecord(value)
      ? Object.entries(value).map(([inner, setting]) => [`${name}.${inner}`, setting] as const)
      : [[name, value] as const],
  );
  return new Map(settings.map(([path, value]) => [path, JSON.stringify(value)]));
}
