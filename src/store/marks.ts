/**
 * Marks: by what filters find an event, as numbers of 64 bits. They are hashes under a secret of the
 * database: who does not hold the file cannot make two values share a mark, and chance needs billions.
 */

import { hash } from "node:crypto";
import type { Database } from "better-sqlite3";
import { indexedTags, type NostrEvent } from "../nostr/event.ts";

/** Marks that are kept, since few authors write most. */
const MAX_KNOWN = 50_000;

export class Marks {
  readonly #secret: string;
  readonly #known = new Map<string, bigint>();

  /** The database has the newest schema. */
  constructor(database: Database) {
    this.#secret = String(
      database.prepare("SELECT lower(hex(secret)) FROM mark_state").pluck().get(),
    );
  }

  /** All marks of an event, each once. */
  of(event: NostrEvent): readonly bigint[] {
    const { id, pubkey, kind } = event;
    const tags = indexedTags(event).map(([letter, value]) => this.tag(letter, value));
    return [this.id(id), this.author(pubkey), this.kind(kind), this.both(pubkey, kind), ...tags];
  }

  id(id: string): bigint {
    return this.#make(`id:${id}`);
  }

  author(pubkey: string): bigint {
    return this.#recall(`author:${pubkey}`);
  }

  kind(kind: number): bigint {
    return this.#recall(`kind:${kind}`);
  }

  /** Author and kind. */
  both(pubkey: string, kind: number): bigint {
    return this.#recall(`both:${kind}:${pubkey}`);
  }

  tag(letter: string, value: string): bigint {
    const text = `#${letter}:${value}`;
    // Other events are named a few times and then never again.
    return letter === "e" ? this.#make(text) : this.#recall(text);
  }

  #recall(text: string): bigint {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const mark = this.#make(text);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (text.length <= 128) this.#known.set(text, mark);
    return mark;
  }

  #make(text: string): bigint {
    return BigInt.asIntN(64, BigInt(`0x${hash("sha256", this.#secret + text).slice(0, 16)}`));
  }
}
