/**
 * The words of events in SQLite's full-text index (`migrations/sqlite/0002-search.sql`). Finding and
 * sorting words costs more than storing an event, so that is done later, for many events at once.
 * What is removed from `event` leaves the index by a trigger.
 */

import type { Database, Statement } from "better-sqlite3";
import type { NostrEvent } from "../nostr/event.ts";
import { isSearchable, searchWords } from "../nostr/search.ts";
import { WORDS_VERSION } from "../nostr/words.ts";
import { fromJson, type SqlValue } from "./row.ts";
import { LIMIT } from "./sql.ts";

type Row = readonly [seq: bigint, json: string];

export class SearchIndex {
  readonly #database: Database;
  readonly #defer: Statement<SqlValue[]>;
  readonly #insert: Statement<SqlValue[]>;
  #waiting: number;

  constructor(database: Database) {
    this.#database = database;
    this.#defer = database.prepare("INSERT INTO unindexed (seq) VALUES (?)");
    this.#insert = database.prepare("INSERT INTO search (rowid, words) VALUES (?, ?)");
    this.#waiting = Number(database.prepare("SELECT count(*) FROM unindexed").pluck().get());
  }

  /** How many events are not indexed yet, as far as this connection knows. */
  get waiting(): number {
    return this.#waiting;
  }

  /** To be called in the transaction that stores the event; searches find it from then on. */
  add(seq: bigint, { kind }: NostrEvent): void {
    if (!isSearchable(kind)) return;
    this.#defer.run(seq);
    this.#waiting += 1;
  }

  /**
   * Indexes some of the events that wait, in the order of their rows: FTS5 writes what it has gathered
   * whenever a row comes that is lower than the last, and then merges many small pieces.
   */
  catchUp(most: number): void {
    const found = this.#database.prepare(
      `SELECT seq, json FROM unindexed CROSS JOIN event USING (seq) ORDER BY seq ${LIMIT}`,
    );
    const done = this.#database.prepare("DELETE FROM unindexed WHERE seq <= ?");
    this.#database
      .transaction(() => {
        const rows = found.raw().safeIntegers().all(most) as readonly Row[];
        for (const [seq, json] of rows) this.#index(seq, fromJson(json));
        done.run(rows.at(-1)?.[0] ?? null);
        this.#waiting = rows.length < most ? 0 : Math.max(1, this.#waiting - rows.length);
      })
      .immediate();
  }

  /** Whether all events are indexed or wait for it, by the words of this version. */
  get isComplete(): boolean {
    const state = this.#database.prepare("SELECT version FROM search_state").pluck();
    return state.get() === WORDS_VERSION;
  }

  /** Indexes every event anew, unless all of them are indexed. */
  complete(): void {
    if (this.isComplete) return;
    this.#database.transaction(() => {
      this.clear();
      const events = this.#database.prepare(
        "SELECT seq, kind, json FROM event WHERE seq > ? LIMIT 1",
      );
      const next = events.raw().safeIntegers();
      for (let row = next.get(-1); row !== undefined; ) {
        const [seq, kind, json] = row as readonly [bigint, bigint, string];
        if (isSearchable(Number(kind))) this.#index(seq, fromJson(json));
        row = next.get(seq);
      }
      this.#database.prepare("INSERT INTO search_state (version) VALUES (?)").run(WORDS_VERSION);
    })();
  }

  /** Forgets all words, and that there were any. */
  clear(): void {
    this.#database.exec(
      "DELETE FROM search_state; DELETE FROM unindexed; INSERT INTO search (search) VALUES ('delete-all')",
    );
    this.#waiting = 0;
  }

  #index(seq: bigint, event: NostrEvent): void {
    const words = new Set(searchWords(event).map(({ text }) => text));
    if (words.size > 0) this.#insert.run(seq, [...words].join(" "));
  }
}
