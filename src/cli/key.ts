/** `npubwire key`: makes a key, or shows the one of a relay. */

import type { Command } from "commander";
import {
  encodeNpub,
  encodeNsec,
  generateSecretKey,
  publicKeyOf,
  type SecretKey,
} from "../nostr/key.ts";
import { announce } from "../server/announcement.ts";
import { loadConfig, type RelayConfig } from "../server/config.ts";
import { createKeyFile } from "../server/keys/key-file.ts";
import { readRelayKey } from "../server/keys/relay-key.ts";
import { EXIT, Failure } from "./failure.ts";
import type { CliParts } from "./parts.ts";

const GENERATE_HELP = `
Examples:
  $ npubwire key generate
  $ npubwire key generate --out me.key && npubwire publish "Hello" --key me.key --relay …
`;

const SHOW_HELP = `
The relay need not run. Its key is made on its first start.

Examples:
  $ npubwire key show --data ./data
  $ npubwire key show --config /etc/npubwire/relay.config.json --secret > backup.nsec
`;

interface ShowFlags {
  readonly config?: string;
  readonly data?: string;
  readonly secret?: true;
}

export function addKeyCommand(root: Command, parts: CliParts): void {
  const key = root.command("key").description("make a key, or show the one of a relay");
  key
    .command("generate")
    .description("make a new key and print it, or keep it in a file")
    .option("--out <file>", "write the nsec to a new file that only you can read; print the npub")
    .addHelpText("after", GENERATE_HELP)
    .action((flags: { readonly out?: string }) => generate(flags.out, parts));
  key
    .command("show")
    .description("print the npub and the address of the relay with this configuration")
    .option("--config <file>", "configuration file")
    .option("--data <folder>", "folder of the database and the key")
    .option("--secret", "print the secret key (nsec) instead, and nothing else")
    .addHelpText("after", SHOW_HELP)
    .action((flags: ShowFlags) => show(flags, parts));
}

function generate(file: string | undefined, { crypto, out }: CliParts): void {
  const key = generateSecretKey(crypto);
  if (file !== undefined && !createKeyFile(file, key)) {
    throw new Failure(
      EXIT.failed,
      `${file} exists already`,
      "Keys are never overwritten: choose another name.",
    );
  }
  out(`${encodeNpub(publicKeyOf(key, crypto))}\n`);
  if (file === undefined) out(`${encodeNsec(key)}\n`);
}

function show({ config: file, data, secret }: ShowFlags, parts: CliParts): void {
  const config = loadConfig(file, { data });
  const key = readRelayKey(config.key, parts.crypto, parts.environment);
  if (!key) {
    throw new Failure(
      EXIT.usage,
      `the relay has no key yet: there is no ${config.key.file}`,
      "Start it once with npubwire relay, or name its folder with --data.",
    );
  }
  parts.out(secret ? `${encodeNsec(key.secretKey)}\n` : publicFacts(key.secretKey, config, parts));
}

function publicFacts(key: SecretKey, config: RelayConfig, { crypto }: CliParts): string {
  const relay = publicKeyOf(key, crypto);
  // Only a running relay knows the free port it was given.
  if (config.port === 0 && config.addresses.length === 0) return `npub      ${encodeNpub(relay)}\n`;
  const { npub, address, nprofile } = announce(config, relay, config.port);
  return `npub      ${npub}\naddress   ${address}\nnprofile  ${nprofile}\n`;
}
