/** Signed events for ingest: made before the clock runs, all different, new with every run. */

import { bytesToHex } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../../src/crypto.ts";
import { signEvent, type Tag } from "../../src/nostr/event.ts";
import { publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";

/** Authors take turns. */
const AUTHORS = 100;
const CONTENT_CHARACTERS = 200;

/** Grows as it is asked for more; the n-th event is the same for everybody who asks. */
export class EventPool {
  readonly #crypto: CryptoProvider;
  readonly #authors: readonly SecretKey[];
  readonly #messages: string[] = [];
  readonly #since = Math.floor(Date.now() / 1000);

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
    this.#authors = Array.from(
      { length: AUTHORS },
      () => crypto.secp256k1x.generateKeyPair().secretKey as SecretKey,
    );
  }

  /** `["EVENT", …]` messages from `start` to `end`, of about 900 B with five indexed tags. */
  slice(start: number, end: number): readonly string[] {
    while (this.#messages.length < end) this.#messages.push(this.#sign(this.#messages.length));
    return this.#messages.slice(start, end);
  }

  #sign(index: number): string {
    const author = this.#authors[index % AUTHORS];
    const other = this.#authors[(index * 7 + 1) % AUTHORS];
    if (!author || !other) throw new RangeError("no authors");
    const tags: readonly Tag[] = [
      ["e", bytesToHex(this.#crypto.randomBytes(32))],
      ["e", bytesToHex(this.#crypto.randomBytes(32))],
      ["p", publicKeyOf(other, this.#crypto)],
      ["t", `topic${index % 50}`],
      ["t", "bench"],
    ];
    const content = `${index} ${"lorem ipsum dolor sit amet ".repeat(10)}`.slice(
      0,
      CONTENT_CHARACTERS,
    );
    const template = { kind: 1, created_at: this.#since - (index % 3600), tags, content };
    return `["EVENT",${signEvent(template, author, this.#crypto).json}]`;
  }
}
