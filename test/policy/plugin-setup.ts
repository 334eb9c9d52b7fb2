/** Plugins under test: the scripts of `plugins/` behind a policy, with its log and its clock. */

import { fileURLToPath } from "node:url";
import type { Peer } from "../../src/channel.ts";
import type { LogFields } from "../../src/log.ts";
import type { EventTemplate, VerifiedEvent } from "../../src/nostr/event.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import { reasonOf, type WriteVerdict } from "../../src/nostr/verdict.ts";
import { PluginPolicy, type PluginPolicyParts } from "../../src/policy/plugin.ts";
import { Author } from "../relay/conformance/session.ts";
import { turns, unsigned } from "../relay/setup.ts";
import { ManualClock } from "./manual-clock.ts";

const FOLDER = new URL("../../../test/policy/plugins/", import.meta.url);

export const author: Author = new Author();

/** The path of a script, quoted for the shell. */
export function script(name: string): string {
  return `'${fileURLToPath(new URL(name, FOLDER))}'`;
}

/** `contrary.js` does what the content of an event says. */
export const CONTRARY: string = `exec '${process.execPath}' ${script("contrary.js")}`;
/** The same with a shell that stays between. */
export const CONTRARY_IN_SHELL: string = CONTRARY.replace(/^exec (.*)$/, "$1; true");

export function event(content: string, template: Partial<EventTemplate> = {}): VerifiedEvent {
  return author.sign({ content, ...template }, unsigned);
}

export function peer(address = "192.0.2.1", ...pubkeys: PublicKey[]): Peer {
  return { address, pubkeys: new Set(pubkeys) };
}

/** What the answer to the client would be: OK true or false, and its text. */
export function told(verdict: WriteVerdict): string {
  if (verdict.accepted) return "true";
  return "shadow" in verdict ? `true ${verdict.message}` : `false ${reasonOf(verdict)}`;
}

export const FAILED = "false error: internal error";

export interface TestPlugin {
  readonly policy: PluginPolicy;
  readonly clock: ManualClock;
  /** `event fields…`, one text a line of the log. */
  readonly log: readonly string[];
  /** How often the plugin was started. */
  starts(): number;
  write(event: VerifiedEvent, peer?: Peer): Promise<string>;
  /** Waits for a line of the log that begins so. */
  logged(beginning: string): Promise<void>;
}

/** A policy that is closed after the test. */
export function testPlugin(
  t: { after(run: () => Promise<void>): void },
  command: string,
  parts: Partial<PluginPolicyParts> = {},
): TestPlugin {
  const clock = new ManualClock();
  const log: string[] = [];
  const policy = new PluginPolicy({
    command,
    timeoutSeconds: 10,
    environment: process.env,
    isStored: async () => false,
    clock,
    log: (_level, event, fields: LogFields = {}) =>
      void log.push([event, ...Object.values(fields)].join(" ")),
    ...parts,
  });
  t.after(() => policy.close());
  const client = peer();
  return {
    policy,
    clock,
    log,
    starts: () => log.filter((line) => line === "write policy plugin starts").length,
    write: async (event, from = client) => told(await policy.write(event, from)),
    async logged(beginning) {
      while (!log.some((line) => line.startsWith(beginning))) await turns(1);
    },
  };
}
