/**
 * The keys that one client has proved on one channel. NIP-42 allows several; SPEC limits how many,
 * and how many failed attempts a channel survives.
 */

import type { VerifiedEvent } from "../nostr/event.ts";
import type { PublicKey } from "../nostr/key.ts";
import type { Parsed } from "../nostr/parsed.ts";
import { accept, reject, type Verdict } from "../nostr/verdict.ts";
import { MAX_AUTH_FAILURES, MAX_IDENTITIES } from "../transport/constants.ts";

/** Decides who may come in; `undefined` stands for an anonymous client. */
export type Admit = (pubkey: PublicKey | undefined) => Promise<Verdict>;

export class Identities {
  readonly pubkeys: Set<PublicKey> = new Set();
  readonly #check: (event: VerifiedEvent) => Parsed<PublicKey>;
  readonly #admit: Admit;
  #failures = 0;

  /** `check` says which key an event proves on this channel. */
  constructor(check: (event: VerifiedEvent) => Parsed<PublicKey>, admit: Admit) {
    this.#check = check;
    this.#admit = admit;
  }

  /** Whether the client has failed so often that the channel must close. */
  get exhausted(): boolean {
    return this.#failures >= MAX_AUTH_FAILURES;
  }

  async add(event: VerifiedEvent): Promise<Verdict> {
    const verdict = await this.#decide(event);
    if (verdict.accepted) this.pubkeys.add(event.pubkey);
    else this.#failures++;
    return verdict;
  }

  /** Lets a client in that names no key. */
  addAnonymous(): Promise<Verdict> {
    return this.#admit(undefined);
  }

  async #decide(event: VerifiedEvent): Promise<Verdict> {
    const proved = this.#check(event);
    if (!proved.ok) return reject("auth-required", proved.reason);
    if (this.pubkeys.has(proved.value)) return accept;
    if (this.pubkeys.size >= MAX_IDENTITIES) {
      return reject("restricted", `at most ${MAX_IDENTITIES} keys on one connection`);
    }
    return this.#admit(proved.value);
  }
}
