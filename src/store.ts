/**
 * Events at rest. Implementations live in `store/`; one conformance suite holds them equal
 * (`test/store/conformance.ts`).
 *
 * @module
 */

import type { VerifiedEvent } from "./nostr/event.ts";
import type { Filter } from "./nostr/filter.ts";
import type { PublicKey } from "./nostr/key.ts";
import type { View } from "./nostr/visibility.ts";

/**
 * What became of an event that was offered to the store:
 * - `stored`: durably committed.
 * - `duplicate`: this very event is there already.
 * - `superseded`: a newer version of a replaceable or addressable event is there.
 * - `deleted`: its author has deleted it.
 */
export type InsertOutcome = "stored" | "duplicate" | "superseded" | "deleted";

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

export interface EventStore {
  /**
   * Stores a batch in one transaction, in order; the outcomes stand in the order of the events.
   * Resolves only when everything `stored` is durable. Rejects as a whole: then nothing was stored.
   * Ephemeral events and kind 22242 must not be offered.
   */
  insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]>;
  /**
   * The union of the filters' results, each event once, newest first, ties lowest id first, as
   * pages of canonical JSON texts. Each filter contributes its newest `limit` events; without a
   * limit, all. The caller may stop at any page. With a view, what it does not show is not there:
   * limits count visible events. Without one, everything is shown. Filters with `search` go first,
   * one after another, each in the order of relevance (`rank`). Pages may be empty. Returns what is
   * left.
   */
  query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<readonly string[], Remainder, undefined>;
  /** How many different events match any of the filters and are in the view; limits are ignored. */
  count(filters: readonly Filter[], view?: View): Promise<number>;
  /**
   * The author of each event that `count` counts, once an event, in pages; the caller may stop at
   * any page.
   */
  authors(filters: readonly Filter[], view?: View): AsyncIterable<readonly PublicKey[]>;
  close(): Promise<void>;
}
