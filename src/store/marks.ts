/**
 * Marks: by what filters find an event, as numbers of 64 bits. They are hashes under a secret of the
 * database: who does not hold the file cannot make two values share a mark, and chance needs billions.
 */

import { hash } from "node:crypto";
import type { Database } from "better-sqlite3";
import { indexedTags, type NostrEvent } from "../nostr/event.ts";

/** Marks of one sort that are kept, since few authors write most; and how long what they are of may be. */
const MAX_KNOWN = 20_000;
const MAX_KNOWN_LENGTH = 128;

/** The mark of an author's events of one kind: of two secrets, what they differ in is one more. */
export function both(author: bigint, kind: bigint): bigint {
  return author ^ kind;
}

export class Marks {
  readonly #secret: string;
  /** One at a time is made here. */
  readonly #mark = Buffer.alloc(8);
  /** What sort of mark, and of what. */
  readonly #known = new Map<string, Map<string, bigint>>();

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
    const [byAuthor, byKind] = [this.author(pubkey), this.kind(kind)];
    return [this.id(id), byAuthor, byKind, both(byAuthor, byKind), ...tags];
  }

  id(id: string): bigint {
    return this.#make("id", id);
  }

  author(pubkey: string): bigint {
    return this.#recall("author", pubkey);
  }

  kind(kind: number): bigint {
    return this.#recall("kind", `${kind}`);
  }

  tag(letter: string, value: string): bigint {
    const sort = `#${letter}`;
    // People and topics recur; what else is named comes up a few times and then never again.
    const recurs = letter === "p" || letter === "t";
    return recurs ? this.#recall(sort, value) : this.#make(sort, value);
  }

  #recall(sort: string, value: string): bigint {
    let known = this.#known.get(sort);
    const recalled = known?.get(value);
    if (recalled !== undefined) return recalled;
    const mark = this.#make(sort, value);
    if (value.length > MAX_KNOWN_LENGTH) return mark;
    if (!known || known.size >= MAX_KNOWN) {
      known = new Map();
      this.#known.set(sort, known);
    }
    known.set(value, mark);
    return mark;
  }

  #make(sort: string, value: string): bigint {
    this.#mark.write(hash("sha256", `${this.#secret}${sort}:${value}`), "hex"); // its beginning
    return this.#mark.readBigInt64BE();
  }
}
