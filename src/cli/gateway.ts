/** `npubwire gateway`: lets apps that have never heard of npubwire use encrypted relays. */

import type { Command } from "commander";
import { encodeNpub } from "../nostr/key.ts";
import { route } from "../server/dial.ts";
import {
  type GatewaySettings,
  readGatewaySettings,
  type SignerSetting,
} from "../server/gateway/settings.ts";
import { type OpenSigner, openKeySigner, openSigner } from "../server/gateway/signer.ts";
import type { RunningGateway } from "../server/gateway.ts";
import { lineLog } from "../server/log.ts";
import { EXIT, Failure } from "./failure.ts";
import { addRelaysCommands, gatewayFile } from "./gateway/relays.ts";
import { addSignCommand, signerParts } from "./gateway/sign.ts";
import { listening } from "./listening.ts";
import { type CliParts, stopped } from "./parts.ts";
import { KEY_VARIABLE, proxyOption } from "./relay-option.ts";
import { parsePort } from "./serve.ts";

interface GatewayFlags {
  readonly key?: string;
  readonly proxy?: string;
  readonly port?: number;
  readonly json?: true;
}

const HELP = `
Add a relay, paste the URL that is printed into your app, and leave the gateway running. It listens
on this machine only, and dials the relays that you have added, over the encrypted channel; apps
that reach it have the secret in the URL, so keep that to yourself.

It signs in with a throwaway key unless you choose another with npubwire gateway sign, or give
--key or ${KEY_VARIABLE}. What you add and choose is kept in gateway.json, in the folder NPUBWIRE_HOME
(by default npubwire in $XDG_CONFIG_HOME or ~/.config). Web pages may not use it unless their origin
is listed there: "origins": ["https://app.example"].

Examples:
  $ npubwire gateway add nostr+ws://npub1…@relay.example.com:7777 --name example
  $ npubwire gateway
`;

export function addGatewayCommand(root: Command, parts: CliParts): void {
  const gateway = root
    .command("gateway")
    .description("let unmodified apps on this machine use encrypted relays")
    .option("--key <file>", `file with your nsec or ncryptsec (or ${KEY_VARIABLE})`)
    .addOption(proxyOption())
    .option("--port <number>", "port to listen on; 0 takes a free one", parsePort)
    .option("--json", "print one line of JSON instead: port, and the URL of each relay")
    .addHelpText("after", HELP)
    .action((flags: GatewayFlags) => runGateway(flags, parts));
  addRelaysCommands(gateway, parts);
  addSignCommand(gateway, parts);
}

async function runGateway(flags: GatewayFlags, parts: CliParts): Promise<void> {
  const file = gatewayFile(parts);
  const settings = readGatewaySettings(file);
  if (!settings || Object.keys(settings.relays).length === 0) {
    throw new Failure(
      EXIT.usage,
      "the gateway has no relay to dial",
      "Add one: npubwire gateway add nostr+ws://npub1…@host:port",
    );
  }
  const log = lineLog({ level: "info", clock: parts.clock, write: parts.err });
  const signer = await chooseSigner(settings.signer, flags, parts);
  let newest = settings;
  try {
    const gateway = await listening(settings.host, flags.port ?? settings.port, () =>
      parts.startGateway({
        ...parts,
        port: flags.port,
        route: route(flags.proxy),
        signer: signer.signer,
        log,
        settings() {
          try {
            newest = readGatewaySettings(file) ?? newest;
          } catch (error) {
            // What was right goes on while somebody edits the file.
            log("error", "settings not read", { reason: String(error) });
          }
          return newest;
        },
      }),
    );
    try {
      parts.out(flags.json ? jsonLine(gateway, settings) : greeting(gateway, settings, signer));
      await stopped(parts.stop);
    } finally {
      await gateway.close();
    }
  } finally {
    signer.close();
  }
}

/** The key given for this run, else the one of the settings. */
function chooseSigner(
  setting: SignerSetting,
  { key: file, proxy }: GatewayFlags,
  parts: CliParts,
): Promise<OpenSigner> {
  if (file !== undefined) return openSigner({ keyFile: file }, signerParts(parts, proxy));
  const text = parts.environment[KEY_VARIABLE];
  return text === undefined || text === ""
    ? openSigner(setting, signerParts(parts, proxy))
    : openKeySigner(text, `environment variable ${KEY_VARIABLE}`, signerParts(parts, proxy));
}

function jsonLine(gateway: RunningGateway, { relays }: GatewaySettings): string {
  const urls = Object.keys(relays).map((name) => [name, gateway.url(name)]);
  return `${JSON.stringify({ port: gateway.port, relays: Object.fromEntries(urls) })}\n`;
}

function greeting(
  gateway: RunningGateway,
  { host, relays }: GatewaySettings,
  { pubkey }: OpenSigner,
): string {
  const key = pubkey
    ? `as ${encodeNpub(pubkey)}`
    : "with a throwaway key, new for every connection";
  const lines = [
    `npubwire gateway, listening on ${host} port ${gateway.port}`,
    `It signs in ${key}.`,
    "",
    "Paste these into your apps, and show them to nobody:",
    ...Object.keys(relays).map((name) => `  ${gateway.url(name)}`),
    "",
    "Ctrl-C stops it.",
  ];
  return `${lines.join("\n")}\n`;
}
