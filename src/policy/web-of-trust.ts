/**
 * The web of trust: the keys that the roots follow, those that these follow, and so on to a depth,
 * by the follow lists (kind 3, NIP-02) that the relay stores. Read again when one of the lists
 * changes, and now and then, since events may also come and go in other ways.
 */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { isPublicKey, type PublicKey } from "../nostr/key.ts";
import { KIND_FOLLOWS } from "../nostr/kind.ts";
import { accept, type Policy } from "../policy.ts";
import type { EventStore } from "../store.ts";

export interface WebOfTrustSettings {
  readonly roots: readonly PublicKey[];
  /** 1: those whom the roots follow. */
  readonly depth: number;
  /** Keys in it at most; the nearest to the roots come first. */
  readonly maxKeys: number;
}

export interface WebOfTrustParts {
  readonly store: Pick<EventStore, "query">;
  readonly clock: Clock;
  readonly log: Log;
  /** Lets the event loop turn between two readings. */
  readonly defer: (run: () => void) => void;
}

/** Authors whose lists are read in one turn; a list has up to some thousand keys. */
const SLICE = 20;
/** Milliseconds from a new list to the reading: it is stored by then, and others may join it. */
const SETTLE = 10_000;
const HOUR = 3_600_000;

export class WebOfTrust {
  readonly #settings: WebOfTrustSettings;
  readonly #parts: WebOfTrustParts;
  /** Steps from the nearest root. */
  #distances: ReadonlyMap<PublicKey, number>;
  #cancel: () => void = () => {};
  #isDue = false;
  #isReading = false;
  #isClosed = false;

  constructor(settings: WebOfTrustSettings, parts: WebOfTrustParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#distances = new Map(settings.roots.map((root) => [root, 0]));
  }

  has(key: PublicKey): boolean {
    return this.#distances.has(key);
  }

  /** Accepts everything, and notices the lists among it. To be asked last. */
  get observer(): Policy {
    return {
      write: (event) => {
        this.#notice(event);
        return accept;
      },
    };
  }

  /** Reads the lists, and plans the next reading. Never rejects; a failure leaves what was there. */
  async refresh(): Promise<void> {
    this.#cancel();
    this.#isDue = false;
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    try {
      this.#distances = await this.#read();
    } catch (error) {
      this.#parts.log("error", "web of trust could not be read", { error: String(error) });
    }
    this.#isReading = false;
    this.#plan(this.#isDue ? SETTLE : HOUR);
  }

  /** Reads no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #notice(event: VerifiedEvent): void {
    const distance = this.#distances.get(event.pubkey);
    if (event.kind !== KIND_FOLLOWS || distance === undefined) return;
    if (distance >= this.#settings.depth || this.#isDue) return;
    this.#isDue = true;
    if (!this.#isReading) this.#plan(SETTLE);
  }

  #plan(milliseconds: number): void {
    this.#cancel();
    if (this.#isClosed) return;
    this.#cancel = this.#parts.clock.after(milliseconds, () => void this.refresh());
  }

  async #read(): Promise<ReadonlyMap<PublicKey, number>> {
    const { roots, depth, maxKeys } = this.#settings;
    const distances = new Map<PublicKey, number>(roots.map((root) => [root, 0]));
    let last: readonly PublicKey[] = roots;
    for (let distance = 1; distance <= depth && last.length > 0; distance += 1) {
      const next: PublicKey[] = [];
      for await (const key of this.#followsOf(last)) {
        if (distances.has(key)) continue;
        if (distances.size >= maxKeys) {
          this.#parts.log("warn", "web of trust is full", { maxKeys, distance });
          return distances;
        }
        distances.set(key, distance);
        next.push(key);
      }
      last = next;
    }
    return distances;
  }

  async *#followsOf(authors: readonly PublicKey[]): AsyncGenerator<PublicKey> {
    for (let at = 0; at < authors.length && !this.#isClosed; at += SLICE) {
      const slice = new Set(authors.slice(at, at + SLICE));
      const filter = { authors: slice, kinds: new Set([KIND_FOLLOWS]), tags: new Map() };
      for await (const page of this.#parts.store.query([filter])) {
        for (const json of page) yield* followsIn(json);
      }
      await new Promise<void>(this.#parts.defer);
    }
  }
}

/** The `p` tags of an event that was verified before it was stored. */
function followsIn(json: string): readonly PublicKey[] {
  const { tags } = JSON.parse(json) as VerifiedEvent;
  return tags.flatMap(([name, key]) => (name === "p" && isPublicKey(key) ? [key] : []));
}
