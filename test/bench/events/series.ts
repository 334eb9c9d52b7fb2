/**
 * The synthetic events that everything is measured with: 766 bytes of JSON, five indexed tags, a
 * few busy authors and many quiet ones. The n-th event of a seed is the same on every machine, but
 * for the randomness in its signature.
 */

import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../../../src/crypto.ts";
import { type EventTemplate, signEvent, type VerifiedEvent } from "../../../src/nostr/event.ts";
import { type PublicKey, publicKeyOf, type SecretKey } from "../../../src/nostr/key.ts";
import { Dice } from "./dice.ts";

/** Counts up when the events of a seed become others: what was kept for the next run is then void. */
export const GENERATOR_VERSION = 1;
export const EVENT_BYTES = 766;
export const AUTHORS = 5_000;

/**
 * 2025-01-01, the time of event 0. Every ten seconds comes another event, up to an hour late.
 * Databases hold the events before 0, what is published while the clock runs comes after.
 */
const EPOCH = 1_735_689_600;
const SECONDS_APART = 10;
const DELAY = 3_600;

const KINDS = [1, 1, 1, 1, 1, 1, 1, 7, 7, 6];
/** How far back the events lie that an event refers to. */
const NEAR = 10_000;
const TOPICS = 500;
const WORDS = 4_000;

export class EventSeries {
  readonly #seed: number;
  readonly #crypto: CryptoProvider;
  readonly #secretKeys = new Map<number, SecretKey>();

  constructor(seed: number, crypto: CryptoProvider) {
    this.#seed = seed;
    this.#crypto = rememberingKeys(crypto);
  }

  signed(index: number): VerifiedEvent {
    return this.#event(index, this.#crypto);
  }

  /** The same event with random bytes for a signature, for stores that take it on trust. */
  unsigned(index: number): VerifiedEvent {
    return this.#event(index, unsigning(this.#crypto));
  }

  /** `number`: from 0 to {@link AUTHORS} − 1, the busiest first. */
  author(number: number): PublicKey {
    return publicKeyOf(this.#secretKey(number), this.#crypto);
  }

  #event(index: number, crypto: CryptoProvider): VerifiedEvent {
    const dice = new Dice(this.#seed, index);
    const secretKey = this.#secretKey(dice.skewed(AUTHORS));
    const template = this.#template(index, dice);
    const { length } = signEvent(template, secretKey, unsigning(crypto)).json;
    return signEvent(
      { ...template, content: words(dice, EVENT_BYTES - length) },
      secretKey,
      crypto,
    );
  }

  /** All but the content. */
  #template(index: number, dice: Dice): EventTemplate {
    const id = (): string => this.#hash(`event ${index - dice.below(NEAR)}`);
    const pubkey = (): string => this.author(dice.skewed(AUTHORS));
    return {
      kind: KINDS[dice.below(KINDS.length)] ?? 1,
      created_at: EPOCH + index * SECONDS_APART + dice.below(DELAY),
      tags: [
        ["e", id()],
        ["e", id()],
        ["p", pubkey()],
        ["p", pubkey()],
        ["t", `topic${dice.skewed(TOPICS)}`],
      ],
      content: "",
    };
  }

  #secretKey(number: number): SecretKey {
    const known = this.#secretKeys.get(number);
    if (known) return known;
    const text = `npubwire bench ${this.#seed} author ${number}`;
    const key = this.#crypto.sha256(utf8ToBytes(text)) as SecretKey;
    this.#secretKeys.set(number, key);
    return key;
  }

  #hash(text: string): string {
    return bytesToHex(this.#crypto.sha256(utf8ToBytes(text)));
  }
}

/** Computes each public key once. */
function rememberingKeys(crypto: CryptoProvider): CryptoProvider {
  const { secp256k1x } = crypto;
  const known = new Map<Uint8Array, Uint8Array>();
  const publicKey = (secretKey: Uint8Array): Uint8Array => {
    const computed = known.get(secretKey) ?? secp256k1x.publicKey(secretKey);
    known.set(secretKey, computed);
    return computed;
  };
  return { ...crypto, secp256k1x: { ...secp256k1x, publicKey } };
}

function unsigning(crypto: CryptoProvider): CryptoProvider {
  return { ...crypto, signSchnorr: () => crypto.randomBytes(64) };
}

/** So many characters: made-up words, of which some are common. */
function words(dice: Dice, length: number): string {
  let text = "";
  while (text.length < length) text += `${word(dice.skewed(WORDS))} `;
  return text.slice(0, length);
}

const CONSONANTS = "bdfgklmnprstvz";
const VOWELS = "aeiou";

function word(number: number): string {
  let rest = number + 40;
  let text = "";
  while (rest > 0) {
    text += CONSONANTS.charAt(rest % CONSONANTS.length);
    rest = Math.floor(rest / CONSONANTS.length);
    text += VOWELS.charAt(rest % VOWELS.length);
    rest = Math.floor(rest / VOWELS.length);
  }
  return text;
}
