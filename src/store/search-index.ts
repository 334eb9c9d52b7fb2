/**
 * The words of events in SQLite's full-text index (`migrations/sqlite/0002-search.sql`). What is
 * removed from `event` leaves the index by a trigger.
 */

import type { Database, Statement } from "better-sqlite3";
import type { NostrEvent } from "../nostr/event.ts";
import { isSearchable, searchWords } from "../nostr/search.ts";
import { WORDS_VERSION } from "../nostr/words.ts";
import { fromJson, type SqlValue } from "./row.ts";

export class SearchIndex {
  readonly #database: Database;
  readonly #insert: Statement<SqlValue[]>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO search (rowid, words) VALUES (?, ?)");
  }

  /** To be called in the transaction that stores the event. */
  add(seq: bigint, event: NostrEvent): void {
    const words = new Set(searchWords(event).map(({ text }) => text));
    if (words.size > 0) this.#insert.run(seq, [...words].join(" "));
  }

  /** Whether all events are indexed, by the words of this version. */
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
        if (isSearchable(Number(kind))) this.add(seq, fromJson(json));
        row = next.get(seq);
      }
      this.#database.prepare("INSERT INTO search_state (version) VALUES (?)").run(WORDS_VERSION);
    })();
  }

  /** Forgets all words, and that there were any. */
  clear(): void {
    this.#database.exec(
      "DELETE FROM search_state; INSERT INTO search (search) VALUES ('delete-all')",
    );
  }
}
