/**
 * Rulings in a table beside the events, read by a connection of its own: a ruling by one process is
 * known to the others, an import for instance, with their next turn of the event loop.
 */

import type { Database, Statement } from "better-sqlite3";
import type { Ruling, RulingList, Rulings } from "../moderation.ts";

/** How long to wait for another process that writes to the file, in milliseconds. */
const BUSY_TIMEOUT = 5_000;

/** Opens a file that `openSqliteStore` has brought up to date. */
export async function openSqliteRulings(path: string): Promise<Rulings> {
  const { default: Driver } = await import("better-sqlite3");
  const database = new Driver(path, { timeout: BUSY_TIMEOUT, fileMustExist: true });
  database.pragma("synchronous = FULL");
  return new SqliteRulings(database);
}

class SqliteRulings implements Rulings {
  revision = 0;
  readonly #database: Database;
  readonly #any: Statement<string[]>;
  readonly #find: Statement<string[]>;
  readonly #list: Statement<string[]>;
  readonly #set: Statement<string[]>;
  readonly #delete: Statement<string[]>;
  /** Lists of which it is known, in this turn, whether anything is in them. */
  readonly #inUse = new Map<RulingList, boolean>();

  constructor(database: Database) {
    const prepare = (sql: string) => database.prepare<string[]>(sql);
    this.#database = database;
    this.#any = prepare("SELECT 1 FROM ruling WHERE list = ? LIMIT 1");
    this.#find = prepare("SELECT 1 FROM ruling WHERE list = ? AND subject = ?");
    this.#list = prepare("SELECT subject, note FROM ruling WHERE list = ? ORDER BY subject");
    this.#set = prepare("INSERT OR REPLACE INTO ruling (list, subject, note) VALUES (?, ?, ?)");
    this.#delete = prepare("DELETE FROM ruling WHERE list = ? AND subject = ?");
  }

  has(list: RulingList, subject: string): boolean {
    return this.#isInUse(list) && this.#find.get(list, subject) !== undefined;
  }

  entries(list: RulingList): readonly Ruling[] {
    return this.#list.all(list) as readonly Ruling[];
  }

  set(list: RulingList, subject: string, note: string): void {
    this.#set.run(list, subject, note);
    this.#inUse.clear();
    this.revision += 1;
  }

  delete(list: RulingList, subject: string): void {
    this.#delete.run(list, subject);
    this.revision += 1;
  }

  close(): void {
    this.#database.close();
  }

  /** Every event is asked about, and most lists are empty: that is looked up once a turn. */
  #isInUse(list: RulingList): boolean {
    const known = this.#inUse.get(list);
    if (known !== undefined) return known;
    const isInUse = this.#any.get(list) !== undefined;
    if (this.#inUse.size === 0) setImmediate(() => this.#inUse.clear());
    this.#inUse.set(list, isInUse);
    return isInUse;
  }
}
