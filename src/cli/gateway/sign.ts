/** `npubwire gateway sign`: chooses the key by which relays know the gateway's user. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { encodeBunker, parseBunker } from "../../nostr/bunker.ts";
import { looksEncrypted, parseEncryptedKey } from "../../nostr/encrypted-key.ts";
import { encodeNpub, encodeNsec, generateSecretKey } from "../../nostr/key.ts";
import { route } from "../../server/dial.ts";
import { type SignerSetting, writeGatewaySettings } from "../../server/gateway/settings.ts";
import {
  DialError,
  readKeyFrom,
  remoteSigner,
  type SignerParts,
} from "../../server/gateway/signer.ts";
import { lineLog, printable } from "../../server/log.ts";
import { EXIT, Failure } from "../failure.ts";
import { type CliParts, stopped } from "../parts.ts";
import { proxyOption } from "../relay-option.ts";
import { gatewayFile, gatewaySettings } from "./relays.ts";

const HELP = `
  throwaway      a new key for every connection, which nobody has seen before
  FILE           a file with your nsec or ncryptsec, which nobody else may read (chmod 600)
  ncryptsec1…    an encrypted key (NIP-49); the gateway asks for the password when it starts
  bunker://…     a remote signer (NIP-46), asked at once and for every connection

Examples:
  $ npubwire gateway sign ~/me.key
  $ npubwire gateway sign 'bunker://…?relay=wss://relay.example.com&secret=…'
`;

interface SignFlags {
  readonly proxy?: string;
}

export function addSignCommand(gateway: Command, parts: CliParts): void {
  gateway
    .command("sign")
    .description("choose how the gateway signs in to relays")
    .argument("<with>", "throwaway, a key file, ncryptsec1… or bunker://…")
    .addOption(proxyOption())
    .addHelpText("after", HELP)
    .action((choice: string, { proxy }: SignFlags) => sign(choice, proxy, parts));
}

/** What signers need of the command line. */
export function signerParts(parts: CliParts, proxy: string | undefined): SignerParts {
  const { crypto, clock, knownRelays, askPassword, err } = parts;
  return {
    crypto,
    clock,
    knownRelays,
    route: route(proxy),
    log: lineLog({ level: "info", clock, write: err }),
    askPassword,
    onAuthUrl: (url) => err(`The signer wants you to visit: ${printable(url)}\n`),
  };
}

async function sign(choice: string, proxy: string | undefined, parts: CliParts): Promise<void> {
  const settings = gatewaySettings(parts);
  const signer = await read(choice, proxy, parts);
  writeGatewaySettings(gatewayFile(parts), { ...settings, signer });
  parts.out(`${describe(signer)}\n`);
}

async function read(
  choice: string,
  proxy: string | undefined,
  parts: CliParts,
): Promise<SignerSetting> {
  if (choice === "throwaway") return choice;
  if (/^\s*bunker:/i.test(choice)) return introduce(choice, proxy, parts);
  if (looksEncrypted(choice)) return { encryptedKey: encrypted(choice) };
  if (/^\s*nsec1/i.test(choice)) {
    throw new Failure(
      EXIT.usage,
      "a secret key has no place on a command line, where other programs can read it",
      "Put it into a file of your own (chmod 600), and give the file's name.",
    );
  }
  const keyFile = resolve(choice);
  readKeyFrom(keyFile, parts.crypto);
  return { keyFile };
}

function encrypted(text: string): string {
  const key = parseEncryptedKey(text);
  if (key.ok) return key.value;
  throw new Failure(EXIT.usage, key.reason);
}

/** The signer may want a person to agree, so it gets as long as a person may take. */
const INTRODUCTION_DEADLINE = 300_000;

/** Makes us known to a remote signer; the secret of its address serves once, so it is not kept. */
async function introduce(
  text: string,
  proxy: string | undefined,
  parts: CliParts,
): Promise<SignerSetting> {
  const bunker = parseBunker(text);
  if (!bunker.ok) throw new Failure(EXIT.usage, bunker.reason);
  const clientKey = generateSecretKey(parts.crypto);
  const dialling = signerParts(parts, proxy);
  const signer = remoteSigner(bunker.value, clientKey, dialling, INTRODUCTION_DEADLINE);
  parts.err("Asking the signer. It may want you to agree.\n");
  const introduced = async (): Promise<SignerSetting> => {
    await signer.connect();
    const pubkey = await signer.getPublicKey();
    return { bunker: encodeBunker(bunker.value), clientKey: encodeNsec(clientKey), pubkey };
  };
  try {
    const setting = await Promise.race([introduced(), stopped(parts.stop)]);
    if (setting) return setting;
    throw new Failure(EXIT.failed, "stopped before the signer had answered");
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    throw new Failure(
      EXIT.failed,
      error.message,
      "A bunker address may serve once: get a new one.",
    );
  } finally {
    signer.close();
  }
}

function describe(setting: SignerSetting): string {
  if (setting === "throwaway") return "The gateway signs in with throwaway keys.";
  if ("bunker" in setting) return `The gateway signs in as ${encodeNpub(setting.pubkey)}.`;
  return "keyFile" in setting
    ? `The gateway signs in with the key in ${printable(setting.keyFile)}.`
    : "The gateway signs in with this encrypted key, and asks for its password when it starts.";
}
