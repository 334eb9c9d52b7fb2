/**
 * The gateway's file: which relays it dials, where it listens, how it signs, and the secret in its
 * URLs. Commands write it; whoever edits it by hand is told exactly what is wrong.
 */

import { resolve } from "node:path";
import { bytesToHex } from "@noble/hashes/utils.js";
import { z } from "zod";
import type { CryptoProvider } from "../../crypto.ts";
import { parseAddress, type RelayAddress } from "../../nostr/address.ts";
import { parseBunker } from "../../nostr/bunker.ts";
import { parseEncryptedKey } from "../../nostr/encrypted-key.ts";
import type { PublicKey } from "../../nostr/key.ts";
import { findJsonError } from "../config/json-error.ts";
import { describeProblems } from "../config/problems.ts";
import { A_KEY, choice, publicKey, text, wholeNumber } from "../config/types.ts";
import { isNotEmpty } from "../config/values.ts";
import { ConfigError } from "../config.ts";
import { PrivateFileError, readPrivateFile, replacePrivateFile } from "../keys/private-file.ts";

/** How the gateway proves who its user is. */
export type SignerSetting =
  | "throwaway"
  /** Absolute; the file holds an nsec, hex or an ncryptsec. */
  | { readonly keyFile: string }
  | { readonly encryptedKey: string }
  | RemoteSetting;

export interface RemoteSetting {
  /** A `bunker://` address without its secret, which has been used. */
  readonly bunker: string;
  /** By which the signer knows us: an nsec. */
  readonly clientKey: string;
  /** The key that it signs with. */
  readonly pubkey: PublicKey;
}

export interface GatewaySettings {
  /** A literal loopback address: nothing else is ever listened on. */
  readonly host: "127.0.0.1" | "::1";
  readonly port: number;
  /** 128 bits as hex: the first part of the path of every URL. */
  readonly secret: string;
  /** Web pages that may connect, exactly as they call themselves in `Origin`. */
  readonly origins: readonly string[];
  readonly signer: SignerSetting;
  /** By name: where a relay is, in order of preference; canonical addresses. */
  readonly relays: Readonly<Record<string, readonly string[]>>;
}

export const RELAY_NAME: RegExp = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** What there is before the first `npubwire gateway add`. */
export function newGatewaySettings(crypto: CryptoProvider): GatewaySettings {
  const secret = bytesToHex(crypto.randomBytes(SECRET_BYTES));
  return { host: "127.0.0.1", port: 7780, secret, origins: [], signer: "throwaway", relays: {} };
}

/** `undefined` where there is no file yet. Throws a ConfigError. */
export function readGatewaySettings(file: string): GatewaySettings | undefined {
  try {
    const content = readPrivateFile(file, MAX_FILE_BYTES);
    return content === undefined ? undefined : parseGatewaySettings(content);
  } catch (error) {
    if (error instanceof PrivateFileError) throw new ConfigError([error.message], file, ADVICE);
    throw error instanceof ConfigError ? new ConfigError(error.problems, file, ADVICE) : error;
  }
}

/** Takes effect as a whole or not at all. Throws a ConfigError. */
export function writeGatewaySettings(file: string, settings: GatewaySettings): void {
  try {
    replacePrivateFile(file, `${JSON.stringify(settings, null, 2)}\n`);
  } catch (error) {
    throw error instanceof PrivateFileError
      ? new ConfigError([error.message], file, ADVICE)
      : error;
  }
}

/** Throws a ConfigError without a file. */
export function parseGatewaySettings(content: string): GatewaySettings {
  const error = findJsonError(content);
  if (error) {
    const { line, column, expected } = error;
    throw new ConfigError([`not JSON: line ${line}, column ${column}: expected ${expected}`]);
  }
  const settings: unknown = JSON.parse(content);
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const known = { ...schema.shape, signer: { keyFile, encryptedKey, ...remote } };
  throw new ConfigError(describeProblems(result.error, settings, known));
}

/** Where the relay of this name is; empty for an unknown name. */
export function addressesOf({ relays }: GatewaySettings, name: string): readonly RelayAddress[] {
  const addresses = Object.hasOwn(relays, name) ? (relays[name] ?? []) : [];
  return addresses.map(parseAddress).flatMap((address) => (address.ok ? [address.value] : []));
}

const ADVICE = "Correct it, or move it away and begin anew; your apps will need new URLs then.";

const SECRET_BYTES = 16;
const MAX_FILE_BYTES = 1_048_576;

const SIGNERS =
  '"throwaway", or an object with keyFile, with encryptedKey (ncryptsec1…), or with bunker (bunker://…), clientKey (nsec1…) and pubkey';
const ADDRESSES = "a list of addresses nostr+ws://npub1…@host:port";

const keyFile = text(
  "the absolute path of a file",
  (file) => isNotEmpty(file) && resolve(file) === file,
);
const encryptedKey = text("an ncryptsec1…", (key) => parseEncryptedKey(key).ok);
const remote = {
  bunker: text("a bunker://…", (bunker) => parseBunker(bunker).ok),
  clientKey: text("an nsec1…", (key) => /^nsec1/.test(key)),
  pubkey: publicKey(A_KEY),
};

const signer = z.union(
  [
    z.literal("throwaway"),
    z.strictObject({ keyFile }),
    z.strictObject({ encryptedKey }),
    z.strictObject(remote),
  ],
  { error: SIGNERS },
);

const addresses = z
  .array(
    z
      .string({ error: ADDRESSES })
      .refine((address) => parseAddress(address).ok, { error: ADDRESSES }),
    { error: ADDRESSES },
  )
  .min(1, { error: ADDRESSES });

const schema = z.strictObject(
  {
    host: choice("127.0.0.1", "::1"),
    port: wholeNumber(1_024, 65_535),
    secret: text("32 lower-case hex digits", (value) => /^[0-9a-f]{32}$/.test(value)),
    origins: z.array(text("an origin such as https://app.example, without a path", isOrigin), {
      error: "a list of origins",
    }),
    signer,
    relays: z
      .record(z.string(), addresses, { error: "an object of names and addresses" })
      .refine((relays) => Object.keys(relays).every((name) => RELAY_NAME.test(name)), {
        error: "names of up to 63 lower-case letters, digits, dots, hyphens and underscores",
      }),
  },
  { error: "an object" },
);

/** As browsers write it; "null" is what pages share that have none, so it is nobody's. */
function isOrigin(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s\p{Cc}]+$/u.test(value);
}
