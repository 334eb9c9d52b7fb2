/**
 * Events at rest. Implementations live in `store/`; one conformance suite holds them equal
 * (`test/store/conformance.ts`).
 *
 * @module
 */

import type { VerifiedEvent } from "./nostr/event.ts";
import type { Filter } from "./nostr/filter.ts";

/**
 * What became of an event that was offered to the store:
 * - `stored`: durably committed.
 * - `duplicate`: this very event is there already.
 * - `superseded`: a newer version of a replaceable or addressable event is there.
 * - `deleted`: its author has deleted it.
 */
export type InsertOutcome = "stored" | "duplicate" | "superseded" | "deleted";

/** `oldest first` is the exact reverse of `newest first`, which has ties lowest id first. */
export type ExportOrder = "oldest first" | "newest first";

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
   * limit, all. The caller may stop at any page.
   */
  query(filters: readonly Filter[]): AsyncIterable<readonly string[]>;
  /** How many different events match any of the filters; limits are ignored. */
  count(filters: readonly Filter[]): Promise<number>;
  /**
   * Everything that matches any of the filters, each event once, for backups: what `query` may hide
   * is not hidden here, and limits are ignored. Pages of canonical JSON texts; the caller may stop
   * at any page. Of what is written meanwhile, some may be missing.
   */
  export(filters: readonly Filter[], order: ExportOrder): AsyncIterable<readonly string[]>;
  close(): Promise<void>;
}
