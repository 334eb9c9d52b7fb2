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
import { expirationOf } from "../nostr/expiration.ts";
import { hasVersions } from "../nostr/kind.ts";
import type { InsertOutcome } from "../store.ts";
import { fromJson, highestSeq, lowestSeq, type SqlValue, seqOf, toSql } from "./row.ts";
import type { SearchIndex } from "./search-index.ts";

export class EventWriter {
  readonly #insertAll: Transaction<(events: readonly VerifiedEvent[]) => readonly InsertOutcome[]>;
  readonly #search: SearchIndex | undefined;
  readonly #insertEvent: Statement<SqlValue[]>;
  readonly #deleteEvent: Statement<SqlValue[]>;
  readonly #findId: Statement<SqlValue[]>;
  readonly #insertTag: Statement<SqlValue[]>;
  readonly #deleteTag: Statement<SqlValue[]>;
  readonly #findCurrent: Statement<SqlValue[]>;
  readonly #setCurrent: Statement<SqlValue[]>;

  /** With an index, what is stored can be searched. */
  constructor(database: Database, search?: SearchIndex) {
    this.#search = search;
    const prepare = (sql: string) => database.prepare<SqlValue[]>(sql);
    this.#insertAll = database.transaction((events) => events.map((event) => this.#insert(event)));
    this.#insertEvent = prepare(
      "INSERT INTO event (seq, id, pubkey, kind, expires_at, json) VALUES (?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT DO NOTHING",
    );
    this.#deleteEvent = prepare("DELETE FROM event WHERE seq = ?");
    this.#findId = prepare("SELECT 1 FROM event WHERE id = ?");
    this.#insertTag = prepare("INSERT INTO tag (name, value, seq) VALUES (?, ?, ?)");
    this.#deleteTag = prepare("DELETE FROM tag WHERE name = ? AND value = ? AND seq = ?");
    this.#findCurrent = prepare(
      "SELECT seq, json FROM address CROSS JOIN event USING (seq) " +
        "WHERE address.pubkey = ? AND address.kind = ? AND address.identifier = ?",
    )
      .raw()
      .safeIntegers();
    this.#setCurrent = prepare(
      "INSERT OR REPLACE INTO address (pubkey, kind, identifier, seq) VALUES (?, ?, ?, ?)",
    );
  }

  /** Stores a batch, in order; when it throws, nothing of the batch is stored. */
  insert(events: readonly VerifiedEvent[]): readonly InsertOutcome[] {
    return this.#insertAll.immediate(events);
  }

  #insert(event: VerifiedEvent): InsertOutcome {
    if (hasVersions(event.kind)) return this.#insertVersion(event);
    return this.#store(event) === undefined ? "duplicate" : "stored";
  }

  #insertVersion(event: VerifiedEvent): InsertOutcome {
    const address = [toSql(event.pubkey), event.kind, toSql(identifierOf(event))];
    const row = this.#findCurrent.get(...address) as [seq: bigint, json: string] | undefined;
    if (row) {
      const [seq, json] = row;
      const current = fromJson(json);
      const order = compareNewestFirst(current, event);
      if (order === 0) return "duplicate";
      if (order < 0) return "superseded";
      this.#remove(current, seq);
    }
    const seq = this.#store(event);
    if (seq === undefined) return "duplicate";
    this.#setCurrent.run(...address, seq);
    return "stored";
  }

  /** Returns the seq that the event got; undefined if it is there already. */
  #store(event: VerifiedEvent): bigint | undefined {
    const seq = this.#storeRow(event);
    if (seq === undefined) return undefined;
    for (const [name, value] of indexedTags(event)) this.#insertTag.run(name, toSql(value), seq);
    this.#search?.add(seq, event);
    return seq;
  }

  #storeRow(event: VerifiedEvent): bigint | undefined {
    const id = toSql(event.id);
    const columns = [id, toSql(event.pubkey), event.kind, expirationOf(event) ?? null, event.json];
    for (const seq of seqsFor(event)) {
      if (this.#insertEvent.run(seq, ...columns).changes === 1) return seq;
      if (this.#findId.get(id) !== undefined) return undefined;
    }
    throw new Error(`no seq is left in second ${event.created_at}`);
  }

  #remove(event: NostrEvent, seq: bigint): void {
    for (const [name, value] of indexedTags(event)) this.#deleteTag.run(name, toSql(value), seq);
    this.#deleteEvent.run(seq);
  }
}

/**
 * The place that the event asks for, then the free one nearest below, then above: ids of one second
 * can be made to agree in 30 bits, and neither event may be lost. Among such twins the earlier
 * arrival comes first.
 */
function* seqsFor(event: VerifiedEvent): Generator<bigint, void, undefined> {
  const wanted = seqOf(event);
  for (let seq = wanted; seq >= lowestSeq(event.created_at); seq--) yield seq;
  for (let seq = wanted + 1n; seq <= highestSeq(event.created_at); seq++) yield seq;
}
