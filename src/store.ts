/**
 * Events at rest. Implementations live in `store/`; one conformance suite holds them equal
 * (`test/store/conformance.ts`).
 *
 * @module
 */

import type { NostrEvent, VerifiedEvent } from "./nostr/event.ts";
import type { Filter } from "./nostr/filter.ts";
import type { EventId, PublicKey } from "./nostr/key.ts";
import type { Texts } from "./nostr/packed-texts.ts";
import type { View } from "./nostr/visibility.ts";

/**
 * What became of an event that was offered to the store:
 * - `stored`: durably committed.
 * - `duplicate`: this very event is there already.
 * - `superseded`: a newer version of a replaceable or addressable event is there.
 * - `deleted`: its author, or the recipient of a gift wrap, has deleted it or has vanished.
 * - `unfinished`: a request to vanish that is committed, but not carried out to the end; `sweep` goes on.
 */
export type InsertOutcome = "stored" | "duplicate" | "superseded" | "deleted" | "unfinished";

/** A filter with what only the store is told. */
export interface StoredFilter extends Filter {
  /** How many events beyond `limit` may come so that the last second is there as a whole. */
  readonly surplus?: number;
}

/**
 * What the limits have left over (NIP-67): `finish` is nothing, `more` is something that no filter
 * has contributed; where it would take a search to tell, `unknown`.
 */
export type Remainder = "finish" | "more" | "unknown";

/** What places an event in the order of answers. */
export type Place = Pick<NostrEvent, "created_at" | "id">;

/** `oldest first` is the exact reverse of `newest first`, which has ties lowest id first. */
export type ExportOrder = "oldest first" | "newest first";

export { PackedTexts, type Texts } from "./nostr/packed-texts.ts";

/** Whether a store has failed because somebody else held the database for too long. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}

export interface EventStore {
  /**
   * Stores a batch in one transaction, in order; the outcomes stand in the order of the events.
   * Resolves only when everything `stored` is durable. Rejects as a whole: then nothing was stored.
   * The next may be asked for before this has resolved; it is stored after it.
   * Ephemeral events and kind 22242 must not be offered, nor a request to vanish (kind 62) that is
   * meant for other relays: requests to delete and to vanish are carried out as they are stored, and
   * what they name is gone when this resolves, unless the outcome says otherwise.
   */
  insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]>;
  /**
   * The union of the filters' results, each event once, newest first, ties lowest id first, as
   * pages of canonical JSON texts: in a list or, which costs less where they are many, packed. Each
   * filter contributes its newest `limit` events; without a limit, all. With a view, what it does not
   * show is not there: limits count visible events. Without one, everything is shown. Filters with
   * `search` go first, one after another, each in the order of relevance (`rank`). The caller may stop
   * at any page; a page may be empty, which says no more than that the search goes on. Returns what is
   * left.
   */
  query(filters: readonly StoredFilter[], view?: View): AsyncGenerator<Texts, Remainder, undefined>;
  /**
   * The places of what matches, under the rules of `query`, but always newest first: a filter with
   * `search` contributes its newest `limit`, too, not its best.
   */
  locate(filters: readonly Filter[], view?: View): AsyncIterable<readonly Place[]>;
  /** How many different events match any of the filters and are in the view; limits are ignored. */
  count(filters: readonly Filter[], view?: View): Promise<number>;
  /**
   * The author of each event that `count` counts, once an event, in pages; the caller may stop at
   * any page.
   */
  authors(filters: readonly Filter[], view?: View): AsyncIterable<readonly PublicKey[]>;
  /** Removes these events, if they are here; resolves with how many were. They may come back. */
  remove(ids: readonly EventId[]): Promise<number>;
  /**
   * Removes events that have expired by `now` (unix seconds), a bounded number; resolves with it.
   * Takes up what an interrupted vanishing has left, too.
   */
  sweep(now: number): Promise<number>;
  /**
   * Everything that matches any of the filters, each event once, for backups: what `query` may hide
   * is not hidden here, and limits are ignored. Pages of canonical JSON texts; the caller may stop
   * at any page. Of what is written meanwhile, some may be missing.
   */
  export(filters: readonly Filter[], order: ExportOrder): AsyncIterable<readonly string[]>;
  close(): Promise<void>;
}
