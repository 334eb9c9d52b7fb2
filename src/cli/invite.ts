/** `npubwire invite`: makes an invite code of a relay that has members. */

import { type Command, InvalidArgumentError } from "commander";
import { loadConfig } from "../server/config.ts";
import { readRelayKey } from "../server/keys/relay-key.ts";
import { makeInvite } from "../server/members.ts";
import { EXIT, Failure } from "./failure.ts";
import type { CliParts } from "./parts.ts";

interface InviteFlags {
  readonly config?: string;
  readonly data?: string;
  readonly days?: number;
}

const HELP = `
The code is good for one person. It is the claim with which a client asks to join (NIP-43). The
relay need not run, and keeps nothing of it; the code itself says until when it is good.

Example:
  $ npubwire invite --config /etc/npubwire/relay.config.json --days 30
`;

export function addInviteCommand(root: Command, parts: CliParts): void {
  root
    .command("invite")
    .description("make an invite code of the relay with this configuration")
    .option("--config <file>", "configuration file")
    .option("--data <folder>", "folder of the database and the key")
    .option("--days <number>", "how long it is good; else as in the configuration", parseDays)
    .addHelpText("after", HELP)
    .action((flags: InviteFlags) => invite(flags, parts));
}

function invite({ config: file, data, days }: InviteFlags, parts: CliParts): void {
  const config = loadConfig(file, { data });
  if (!config.membership.enabled) {
    throw new Failure(
      EXIT.usage,
      "this relay has no members",
      'Set "membership": { "enabled": true } in its relay.config.json, or name that with --config.',
    );
  }
  const key = readRelayKey(config.key, parts.crypto, parts.environment);
  if (!key) {
    throw new Failure(
      EXIT.usage,
      `the relay has no key yet: there is no ${config.key.file}`,
      "Start it once with npubwire relay, or name its folder with --data.",
    );
  }
  const { crypto, clock } = parts;
  const { secretKey } = key;
  parts.out(`${makeInvite(days ?? config.membership.inviteDays, { secretKey, crypto, clock })}\n`);
}

function parseDays(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 365) {
    throw new InvalidArgumentError("A whole number from 1 to 365 is expected.");
  }
  return Number(text);
}
