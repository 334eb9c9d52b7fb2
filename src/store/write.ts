/**
 * The writing half of the SQLite store: one transaction a batch. What an event replaces or deletes
 * is removed in the same transaction.
 */

import type { Database, Transaction } from "better-sqlite3";
import { deletionOf } from "../nostr/deletion.ts";
import { compareNewestFirst } from "../nostr/event.ts";
import { hasVersions, KIND_VANISH } from "../nostr/kind.ts";
import type { InsertOutcome } from "../store.ts";
import { Deletions } from "./deletions.ts";
import type { EventAndText } from "./row.ts";
import { addressOf, type EventTable } from "./table.ts";

export class EventWriter {
  readonly #insertAll: Transaction<(events: readonly EventAndText[]) => readonly InsertOutcome[]>;
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
  insert(events: readonly EventAndText[]): readonly InsertOutcome[] {
    return this.#insertAll.immediate(events);
  }

  #insert(event: EventAndText): InsertOutcome {
    if (this.#deletions.forbid(event)) return "deleted";
    const outcome = hasVersions(event.kind) ? this.#insertVersion(event) : this.#add(event);
    if (outcome === "stored") this.#obey(event);
    return outcome;
  }

  #insertVersion(event: EventAndText): InsertOutcome {
    const current = this.#table.findVersion(addressOf(event));
    if (current === undefined) return this.#add(event);
    const order = compareNewestFirst(current.event, event);
    if (order === 0) return "duplicate";
    if (order < 0) return "superseded";
    this.#table.remove(current);
    return this.#add(event);
  }

  #add(event: EventAndText): InsertOutcome {
    return this.#table.add(event) ? "stored" : "duplicate";
  }

  #obey(event: EventAndText): void {
    const deletion = deletionOf(event);
    if (deletion) this.#deletions.apply(deletion);
    if (event.kind === KIND_VANISH) this.#deletions.vanish(event.pubkey, event.created_at);
  }
}
