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
   * limits count visible events. Without one, everything is shown.
   */
  query(filters: readonly Filter[], view?: View): AsyncIterable<readonly string[]>;
  /** How many different events match any of the filters and are in the view; limits are ignored. */
  count(filters: readonly Filter[], view?: View): Promise<number>;
  /**
   * The author of each event that `count` counts, once an event, in pages; the caller may stop at
   * any page.
   */
  authors(filters: readonly Filter[], view?: View): AsyncIterable<readonly PublicKey[]>;
  close(): Promise<void>;
}
