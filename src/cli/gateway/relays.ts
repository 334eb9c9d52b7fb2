/** `npubwire gateway add`, `list` and `remove`: the relays that the gateway dials. */

import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { RelayAddress } from "../../nostr/address.ts";
import type { PublicKey } from "../../nostr/key.ts";
import {
  type GatewaySettings,
  newGatewaySettings,
  RELAY_NAME,
  readGatewaySettings,
  writeGatewaySettings,
} from "../../server/gateway/settings.ts";
import { gatewayUrl } from "../../server/gateway.ts";
import { EXIT, Failure } from "../failure.ts";
import type { CliParts } from "../parts.ts";
import { parseNpub, readAddresses } from "../relay-option.ts";

interface AddFlags {
  readonly name?: string;
  readonly npub?: PublicKey;
}

/** Where everything that the gateway is told to remember is kept. */
export function gatewayFile({ home }: CliParts): string {
  return join(home, "gateway.json");
}

/** The settings as they are, or those to begin with. */
export function gatewaySettings(parts: CliParts): GatewaySettings {
  return readGatewaySettings(gatewayFile(parts)) ?? newGatewaySettings(parts.crypto);
}

export function addRelaysCommands(gateway: Command, parts: CliParts): void {
  gateway
    .command("add")
    .description("add a relay, and print the URL to paste into apps")
    .argument("<address>", "the relay: nostr+ws://npub1…@host:port, nprofile1… or URL")
    .option("--name <name>", "its name in the URL (default: its host)", parseName)
    .option("--npub <npub>", "its npub, where the address is a ws:// or wss:// URL", parseNpub)
    .action((address: string, flags: AddFlags) => add(address, flags, parts));
  gateway
    .command("list")
    .description("print name, URL and addresses of every relay")
    .action(() => list(parts));
  gateway
    .command("remove")
    .description("take a relay out")
    .argument("<name>", "its name in the URL")
    .action((name: string) => remove(name, parts));
}

function add(text: string, { name: given, npub }: AddFlags, parts: CliParts): void {
  const addresses = readAddresses(text, npub, "the address");
  for (const address of addresses) parts.knownRelays.check(address);
  const settings = gatewaySettings(parts);
  const name = given ?? nameOf(addresses[0]);
  const canonical = addresses.map((address) => address.canonical);
  const existing = ownRelays(settings)[name];
  if (existing && existing.join() !== canonical.join()) {
    throw new Failure(
      EXIT.failed,
      `another relay is called ${name}`,
      "Choose a name with --name, or take the other one out: npubwire gateway remove NAME",
    );
  }
  const relays = { ...settings.relays, [name]: canonical };
  writeGatewaySettings(gatewayFile(parts), { ...settings, relays });
  parts.out(`${gatewayUrl(settings, settings.port, name)}\n`);
  parts.err("Paste this URL into your app, show it to nobody, and run npubwire gateway.\n");
}

function list(parts: CliParts): void {
  const settings = gatewaySettings(parts);
  for (const [name, addresses] of Object.entries(settings.relays)) {
    const url = gatewayUrl(settings, settings.port, name);
    parts.out([name, url, ...addresses].map((line, at) => `${at ? "  " : ""}${line}\n`).join(""));
  }
}

function remove(name: string, parts: CliParts): void {
  const settings = gatewaySettings(parts);
  const { [name]: gone, ...relays } = ownRelays(settings);
  if (!gone) {
    throw new Failure(
      EXIT.failed,
      `no relay of the gateway has this name`,
      "npubwire gateway list shows them.",
    );
  }
  writeGatewaySettings(gatewayFile(parts), { ...settings, relays });
}

/** Without what every object has by nature: "constructor" may be a relay's name. */
function ownRelays({ relays }: GatewaySettings): Readonly<Record<string, readonly string[]>> {
  return Object.assign(Object.create(null), relays);
}

function nameOf(address: RelayAddress | undefined): string {
  const host = address ? new URL(address.url).hostname : "";
  const name = host.replace(/[^a-z0-9.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return RELAY_NAME.test(name) ? name : "relay";
}

function parseName(text: string): string {
  if (RELAY_NAME.test(text)) return text;
  throw new InvalidArgumentError(
    "Up to 63 lower-case letters, digits, dots, hyphens and underscores.",
  );
}
