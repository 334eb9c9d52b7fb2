/**
 * The writing half of the SQLite store: one transaction a batch. What an event replaces is really
 * removed, with its tags, in the same transaction.
 */

import type { Database, Statement, Transaction } from "better-sqlite3";
import {
  compareNewestFirst,
  identifierOf,
  indexedTags,
  type NostrEvent,
  type VerifiedEvent,
} from "../nostr/event.ts";
import { hasVersions } from "../nostr/kind.ts";
import type { InsertOutcome } from "../store.ts";
import { fromJson, MAX_RANK, type Position, rankOf, type SqlValue, toSql } from "./row.ts";

/** Tags that one INSERT carries. */
const TAGS_PER_INSERT = 32;

type Address = readonly [pubkey: SqlValue, kind: SqlValue, identifier: SqlValue];

export class EventWriter {
  readonly #insertAll: Transaction<(events: readonly VerifiedEvent[]) => InsertOutcome[]>;
  readonly #insertEvent: Statement<SqlValue[]>;
  readonly #deleteEvent: Statement<SqlValue[]>;
  readonly #findId: Statement<SqlValue[]>;
  readonly #findCurrent: Statement<SqlValue[], [second: number, rank: number, json: string]>;
  readonly #setCurrent: Statement<SqlValue[]>;
  readonly #deleteTag: Statement<SqlValue[]>;
  /** `#insertTags[n - 1]` inserts n tags. */
  readonly #insertTags: readonly Statement<SqlValue[]>[];

  constructor(database: Database) {
    this.#insertAll = database.transaction((events) => events.map((event) => this.#insert(event)));
    this.#insertEvent = database.prepare(
      "INSERT OR IGNORE INTO event (seq, id, pubkey, kind, json) VALUES ((? << 30) | ?, ?, ?, ?, ?)",
    );
    this.#deleteEvent = database.prepare("DELETE FROM event WHERE seq = (? << 30) | ?");
    this.#findId = database.prepare("SELECT 1 FROM event WHERE id = ?");
    this.#findCurrent = database
      .prepare<SqlValue[], [number, number, string]>(
        `SELECT seq >> 30, seq & ${MAX_RANK}, json FROM address CROSS JOIN event USING (seq) ` +
          "WHERE address.pubkey = ? AND address.kind = ? AND address.identifier = ?",
      )
      .raw();
    // Only `event` has row ids, so its last one is still the seq of the event just inserted.
    this.#setCurrent = database.prepare(
      "INSERT OR REPLACE INTO address (pubkey, kind, identifier, seq) " +
        "VALUES (?, ?, ?, last_insert_rowid())",
    );
    this.#deleteTag = database.prepare(
      "DELETE FROM tag WHERE name = ? AND value = ? AND seq = (? << 30) | ?",
    );
    this.#insertTags = Array.from({ length: TAGS_PER_INSERT }, (_, index) =>
      database.prepare(
        `INSERT INTO tag (name, value, seq) VALUES (?, ?, last_insert_rowid())${", (?, ?, last_insert_rowid())".repeat(index)}`,
      ),
    );
  }

  /** Stores a batch, in order; when it throws, nothing of the batch is stored. */
  insert(events: readonly VerifiedEvent[]): readonly InsertOutcome[] {
    return this.#insertAll.immediate(events);
  }

  #insert(event: VerifiedEvent): InsertOutcome {
    if (!hasVersions(event.kind)) return this.#store(event) ? "stored" : "duplicate";
    const address: Address = [toSql(event.pubkey), event.kind, toSql(identifierOf(event))];
    const row = this.#findCurrent.get(...address);
    if (row) {
      const [second, rank, json] = row;
      const current = fromJson(json);
      if (current.id === event.id) return "duplicate";
      if (compareNewestFirst(current, event) < 0) return "superseded";
      this.#remove(current, { second, rank });
    }
    this.#store(event);
    this.#setCurrent.run(...address);
    return "stored";
  }

  /** Whether the event is new. */
  #store(event: VerifiedEvent): boolean {
    const id = toSql(event.id);
    const pubkey = toSql(event.pubkey);
    for (const rank of ranksFor(event)) {
      const inserted = this.#insertEvent.run(
        event.created_at,
        rank,
        id,
        pubkey,
        event.kind,
        event.json,
      );
      if (inserted.changes === 1) break;
      if (this.#findId.get(id) !== undefined) return false;
    }
    const tags = indexedTags(event);
    for (let at = 0; at < tags.length; at += TAGS_PER_INSERT) {
      const some = tags.slice(at, at + TAGS_PER_INSERT);
      const values = some.flatMap(([name, value]) => [name, toSql(value)]);
      this.#insertTags[some.length - 1]?.run(...values);
    }
    return true;
  }

  #remove(event: NostrEvent, { second, rank }: Position): void {
    for (const [name, value] of indexedTags(event)) {
      this.#deleteTag.run(name, toSql(value), second, rank);
    }
    this.#deleteEvent.run(second, rank);
  }
}

/**
 * The rank that the id asks for, then the free one nearest below, then above: two ids of one second
 * can be made to agree in 30 bits, and neither event may be lost. Such twins stand in the order of
 * their arrival.
 */
function* ranksFor({ id }: VerifiedEvent): Generator<number, void, undefined> {
  const wanted = rankOf(id);
  for (let rank = wanted; rank >= 0; rank--) yield rank;
  for (let rank = wanted + 1; rank <= MAX_RANK; rank++) yield rank;
}
