/**
 * The keys that one client has proved on one channel. NIP-42 allows several; SPEC limits how many.
 * Whether a key may use the relay is not decided here.
 */

import type { VerifiedEvent } from "../nostr/event.ts";
import type { PublicKey } from "../nostr/key.ts";
import type { Parsed } from "../nostr/parsed.ts";
import { accept, reject, type Verdict } from "../nostr/verdict.ts";
import { MAX_IDENTITIES } from "../transport/constants.ts";

export class Identities {
  readonly pubkeys: Set<PublicKey> = new Set();
  readonly #check: (event: VerifiedEvent) => Parsed<PublicKey>;

  /** `check` says which key an event proves on this channel, or why none. */
  constructor(check: (event: VerifiedEvent) => Parsed<PublicKey>) {
    this.#check = check;
  }

  add(event: VerifiedEvent): Verdict {
    const proved = this.#check(event);
    return proved.ok ? this.addProved(proved.value) : reject("auth-required", proved.reason);
  }

  /** The same of a key whose event has been checked. */
  addProved(pubkey: PublicKey): Verdict {
    if (!this.pubkeys.has(pubkey) && this.pubkeys.size >= MAX_IDENTITIES) {
      return reject("restricted", `at most ${MAX_IDENTITIES} keys on one connection`);
    }
    this.pubkeys.add(pubkey);
    return accept;
  }
}
