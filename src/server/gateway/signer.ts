/** How the gateway signs: from what its settings say to a signer, asking for a password if need be. */

import type { Signer } from "../../channel/dial.ts";
import { dialPlain } from "../../channel/dial-plain.ts";
import { keySigner, throwawaySigner } from "../../channel/signer.ts";
import type { Link } from "../../channel.ts";
import type { Clock } from "../../clock.ts";
import type { CryptoProvider } from "../../crypto.ts";
import type { Log } from "../../log.ts";
import { parseAddress } from "../../nostr/address.ts";
import { type BunkerAddress, parseBunker } from "../../nostr/bunker.ts";
import {
  decryptKey,
  type EncryptedKey,
  looksEncrypted,
  parseEncryptedKey,
} from "../../nostr/encrypted-key.ts";
import { type PublicKey, parseSecretKey, publicKeyOf, type SecretKey } from "../../nostr/key.ts";
import { AUTH_DEADLINE, DEFAULT_CLIENT_MAX_MESSAGE } from "../../transport/constants.ts";
import { DIAL_TIMEOUT, dialKnown } from "../dial/known.ts";
import type { KnownRelays } from "../dial/known-relays.ts";
import type { Route } from "../dial.ts";
import { KeyError, readKeyText } from "../keys/key-file.ts";
import { RemoteSigner } from "../signer/remote.ts";
import type { RemoteSetting, SignerSetting } from "./settings.ts";

export { DialError } from "../../channel/errors.ts";

export interface SignerParts {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
  readonly knownRelays: KnownRelays;
  /** To the relays of a remote signer: directly, or through a proxy. */
  readonly route: Route;
  /** Asks the person; `undefined` where nobody can be asked. */
  readonly askPassword: ((question: string) => Promise<string>) | undefined;
  /** Shows the person a URL that a remote signer wants visited. */
  onAuthUrl(url: string): void;
}

export interface OpenSigner {
  /** For one connection. */
  signer(): Signer;
  /** The key that signs, where it is always the same. */
  readonly pubkey: PublicKey | undefined;
  close(): void;
}

/** Throws a KeyError when there is no such key, or its password is not known. */
export async function openSigner(setting: SignerSetting, parts: SignerParts): Promise<OpenSigner> {
  const { crypto } = parts;
  if (setting === "throwaway") {
    return { signer: () => throwawaySigner(crypto), pubkey: undefined, close() {} };
  }
  if ("bunker" in setting) return openRemote(setting, parts);
  if ("encryptedKey" in setting) {
    return openKeySigner(setting.encryptedKey, "the encrypted key", parts);
  }
  const { keyFile } = setting;
  return holding(await openKey(readKeyFrom(keyFile, crypto), `key file ${keyFile}`, parts), crypto);
}

/** The signer of a key in any spelling. `origin` names its place in the words of a KeyError. */
export async function openKeySigner(
  text: string,
  origin: string,
  parts: SignerParts,
): Promise<OpenSigner> {
  const { crypto } = parts;
  return holding(await openKey(readKey(text, origin, crypto), origin, parts), crypto);
}

/** The key in a file: an nsec, hex or an ncryptsec. Throws a KeyError. */
export function readKeyFrom(file: string, crypto: CryptoProvider): SecretKey | EncryptedKey {
  const text = readKeyText(file);
  if (text === undefined) throw new KeyError(`there is no key file ${file}`);
  return readKey(text, `key file ${file}`, crypto);
}

/** A remote signer that waits for each answer as long as `deadline`, in milliseconds. */
export function remoteSigner(
  bunker: BunkerAddress,
  clientKey: SecretKey,
  parts: SignerParts,
  deadline: number = SIGNER_DEADLINE,
  user?: PublicKey,
): RemoteSigner {
  const { crypto, clock, onAuthUrl } = parts;
  const dial = (url: string): Promise<Link> => dialRelay(url, clientKey, parts);
  return new RemoteSigner({ bunker, user, clientKey, crypto, clock, deadline, dial, onAuthUrl });
}

/** The relay gives up on a client that says nothing for its own deadline; ours is told before. */
const SIGNER_DEADLINE = AUTH_DEADLINE - 5_000;
/** As often as SSH asks. */
const PASSWORD_TRIES = 3;

function openRemote({ bunker, clientKey, pubkey }: RemoteSetting, parts: SignerParts): OpenSigner {
  const address = parseBunker(bunker);
  const key = parseSecretKey(clientKey, parts.crypto);
  if (!address.ok) throw new KeyError(address.reason);
  if (!key.ok) throw new KeyError(`the key for the remote signer is none: ${key.reason}`);
  const signer = remoteSigner(address.value, key.value, parts, SIGNER_DEADLINE, pubkey);
  return { signer: () => signer, pubkey, close: () => signer.close() };
}

function holding(key: SecretKey, crypto: CryptoProvider): OpenSigner {
  const signer = keySigner(key, crypto);
  return { signer: () => signer, pubkey: publicKeyOf(key, crypto), close() {} };
}

async function openKey(
  key: SecretKey | EncryptedKey,
  origin: string,
  { crypto, askPassword }: SignerParts,
): Promise<SecretKey> {
  if (typeof key !== "string") return key;
  if (!askPassword) throw new KeyError(`${origin} needs a password: start this at a terminal`);
  for (let attempt = 1; ; attempt += 1) {
    const again = attempt === 1 ? "" : "That was not it. ";
    const opened = decryptKey(key, await askPassword(`${again}Password of ${origin}: `), crypto);
    if (opened.ok) return opened.value;
    if (attempt === PASSWORD_TRIES)
      throw new KeyError(`${origin} cannot be opened: ${opened.reason}`);
  }
}

function readKey(text: string, origin: string, crypto: CryptoProvider): SecretKey | EncryptedKey {
  const key = looksEncrypted(text) ? parseEncryptedKey(text) : parseSecretKey(text, crypto);
  if (key.ok) return key.value;
  throw new KeyError(`${origin} holds no key: ${key.reason}`);
}

/** A relay of the remote signer: what is said there is encrypted for the signer in any case. */
function dialRelay(url: string, clientKey: SecretKey, parts: SignerParts): Promise<Link> {
  const address = parseAddress(url);
  if (address.ok) {
    const signer = keySigner(clientKey, parts.crypto);
    return dialKnown(address.value, { ...parts, signer });
  }
  const options = { headers: {}, maxMessage: DEFAULT_CLIENT_MAX_MESSAGE };
  const { clock, route } = parts;
  const connect = () => route.connectPlain(url, options);
  return dialPlain({ clock, connect, timeout: DIAL_TIMEOUT });
}
