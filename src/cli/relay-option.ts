/**
 * The options by which `publish` and `req` name a relay and themselves: `--relay` in every form of
 * an address, `--npub`, `--key`, `--proxy`, `--timeout`.
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { addressOf, parseAddress, parseProfile, type RelayAddress } from "../nostr/address.ts";
import {
  encodeNpub,
  generateSecretKey,
  type PublicKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  type SecretKey,
} from "../nostr/key.ts";
import type { Parsed } from "../nostr/parsed.ts";
import { parseProxy } from "../server/dial/proxy.ts";
import { KeyError, readKeyFile } from "../server/keys/key-file.ts";
import { EXIT, Failure } from "./failure.ts";
import type { CliParts } from "./parts.ts";

export interface RelayFlags {
  readonly relay: string;
  readonly npub?: PublicKey;
  readonly key?: string;
  /** `socks5h://…` */
  readonly proxy?: string;
  /** Seconds. */
  readonly timeout: number;
}

export const RELAY_HELP = `
A relay is named by its canonical address nostr+ws://npub1…@host:port, by its nprofile1…, or by a
ws:// or wss:// URL with --npub beside it. Without its npub a relay cannot be proved, and nothing
is sent to it.`;

/** Holds the user's secret key, unless `--key` names a file. */
export const KEY_VARIABLE = "NPUBWIRE_CLIENT_KEY";

export function addRelayOptions(command: Command): Command {
  return command
    .requiredOption("--relay <address>", "the relay: nostr+ws://npub1…@host, nprofile1… or URL")
    .option("--npub <npub>", "the relay's npub, where --relay is a ws:// or wss:// URL", parseNpub)
    .option("--key <file>", `file with your nsec (default: ${KEY_VARIABLE}, else a throwaway key)`)
    .addOption(proxyOption())
    .option("--timeout <seconds>", "how long to wait for each answer", parseSeconds, 30);
}

/** `--proxy`, for whatever dials. */
export function proxyOption(): Option {
  return new Option(
    "--proxy <url>",
    "SOCKS proxy, such as Tor's socks5h://127.0.0.1:9050",
  ).argParser((text: string): string => {
    const proxy = parseProxy(text);
    if (proxy.ok) return text;
    throw new InvalidArgumentError(`A proxy: ${proxy.reason}.`);
  });
}

/** Where to dial, in order of preference. Throws a {@link Failure}. */
export function readRelayAddresses({ relay, npub }: RelayFlags): readonly RelayAddress[] {
  return readAddresses(relay, npub, "--relay");
}

/** The same, for an argument of any name. */
export function readAddresses(
  text: string,
  npub: PublicKey | undefined,
  name: string,
): readonly RelayAddress[] {
  const addresses = parseRelay(text.trim().replace(/^nostr:/i, ""), npub);
  if (!addresses.ok) {
    throw new Failure(
      EXIT.usage,
      `${name}: ${addresses.reason}`,
      "The relay prints its address when it starts; npubwire key show prints it again.",
    );
  }
  if (npub !== undefined && addresses.value.some((address) => address.relay !== npub)) {
    throw new Failure(EXIT.usage, `${name} names another key than --npub`);
  }
  return addresses.value;
}

export interface ClientKey {
  readonly secretKey: SecretKey;
  /** Whether it was made for this run only. */
  readonly throwaway: boolean;
}

/** The key that signs: from the file, else from the environment, else a new one. */
export function readClientKey({ key: file }: Pick<RelayFlags, "key">, parts: CliParts): ClientKey {
  const { crypto, environment } = parts;
  if (file !== undefined) {
    const secretKey = readKeyFile(file, crypto);
    if (secretKey) return { secretKey, throwaway: false };
    throw new Failure(
      EXIT.usage,
      `there is no key file ${file}`,
      `Make one: npubwire key generate --out ${file}`,
    );
  }
  const text = environment[KEY_VARIABLE];
  if (text === undefined || text === "") {
    return { secretKey: generateSecretKey(crypto), throwaway: true };
  }
  const key = parseSecretKey(text, crypto);
  if (key.ok) return { secretKey: key.value, throwaway: false };
  throw new KeyError(`environment variable ${KEY_VARIABLE} holds no key: ${key.reason}`);
}

/** The npub of a key, for people. */
export function npubOf({ secretKey }: ClientKey, { crypto }: CliParts): string {
  return encodeNpub(publicKeyOf(secretKey, crypto));
}

function parseRelay(text: string, npub: PublicKey | undefined): Parsed<readonly RelayAddress[]> {
  if (/^nprofile1/i.test(text)) return parseProfile(text);
  const address = npub === undefined ? parseAddress(text) : addressOf(text, npub);
  return address.ok ? { ok: true, value: [address.value] } : address;
}

export function parseNpub(text: string): PublicKey {
  const key = parsePublicKey(text);
  if (key.ok) return key.value;
  throw new InvalidArgumentError(key.reason);
}

export function parseSeconds(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("A number of seconds from 1 to 999999 is expected.");
}
