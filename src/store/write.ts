/**
 * The writing half of the SQLite store: one transaction a batch. What an event replaces or deletes
 * is removed in the same transaction.
 */

import type { Database, Transaction } from "better-sqlite3";
import { deletionOf } from "../nostr/deletion.ts";
import { compareNewestFirst, type VerifiedEvent } from "../nostr/event.ts";
import { hasVersions, KIND_VANISH } from "../nostr/kind.ts";
import type { InsertOutcome } from "../store.ts";
import { Deletions } from "./deletions.ts";
import { addressOf, type EventTable } from "./table.ts";

export class EventWriter {
  readonly #insertAll: Transaction<(events: readonly VerifiedEvent[]) => readonly InsertOutcome[]>;
  readonly #table: EventTable;
  readonly #deletions: Deletions;

  constructor(database: Database, table: EventTable) {
    this.#insertAll = database.transaction((events) => {
      const outcomes = events.map((event) => this.#insert(event));
      table.settle();
      return outcomes;
    });
    this.#table = table;
    this.#deletions = new Deletions(database, table);
  }

  /**
   * Stores a batch, in order; when it throws, nothing of the batch is stored. Of those who vanish,
   * the events stay until the {@link Eraser} has been there.
   */
  insert(events: readonly VerifiedEvent[]): readonly InsertOutcome[] {
    return this.#insertAll.immediate(events);
  }

  #insert(event: VerifiedEvent): InsertOutcome {
    if (this.#deletions.forbid(event)) return "deleted";
    const outcome = hasVersions(event.kind) ? this.#insertVersion(event) : this.#add(event);
    if (outcome === "stored") this.#obey(event);
    return outcome;
  }

  #insertVersion(event: VerifiedEvent): InsertOutcome {
    const current = this.#table.findVersion(addressOf(event));
    if (current === undefined) return this.#add(event);
    const order = compareNewestFirst(current.event, event);
    if (order === 0) return "duplicate";
    if (order < 0) return "superseded";
    this.#table.remove(current);
    return this.#add(event);
  }

  #add(event: VerifiedEvent): InsertOutcome {
    return this.#table.add(event) ? "stored" : "duplicate";
  }

  #obey(event: VerifiedEvent): void {
    const deletion = deletionOf(event);
    if (deletion) this.#deletions.apply(deletion);
    if (event.kind === KIND_VANISH) this.#deletions.vanish(event.pubkey, event.created_at);
  }
}
