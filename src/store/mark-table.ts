/**
 * The marks of events in SQLite (`migrations/sqlite/0004-marks.sql`): fresh ones are gathered in a
 * few pages; with every batch a stretch of them settles, so that all have moved on after a while.
 */

import { randomBytes } from "node:crypto";
import type { Database, Statement } from "better-sqlite3";
import type { NostrEvent } from "../nostr/event.ts";
import type { Marks } from "./marks.ts";
import type { SqlValue } from "./row.ts";

/**
 * While so many events are stored, all marks settle once; in a large database it is this times the
 * root of its pages. In a longer round, more marks settle in each page that is written for them, but
 * those that gather dirty more pages with each batch: the sum of both is least about here.
 */
const MIN_ROUND = 4_096;
const ROUND_BY_ROOT = 40;
/** Fewer events are not worth a stretch of their own. */
const MIN_STRETCH = 64;
/** Rows of one INSERT, at most. */
const MAX_ROWS = 16;

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

/** To be used inside a transaction. */
export class MarkTable {
  readonly #marks: Marks;
  readonly #inserts: readonly Statement<SqlValue[]>[];
  readonly #deletes: readonly Statement<SqlValue[]>[];
  readonly #settle: readonly Statement<SqlValue[]>[];
  readonly #pages: Statement<SqlValue[]>;
  #round: number;
  /** Where the next stretch begins: at first anywhere, or short processes would leave the same marks each. */
  #next = randomBytes(8).readBigInt64BE();
  /** Events that were stored since the last stretch. */
  #due = 0;

  constructor(database: Database, marks: Marks) {
    this.#marks = marks;
    const prepare = (sql: string) => database.prepare<SqlValue[]>(sql);
    this.#inserts = Array.from({ length: MAX_ROWS }, (_, n) => {
      const rows = Array.from({ length: n + 1 }, () => "(?, ?)").join();
      // ON CONFLICT DO NOTHING says the same and takes more than twice as long.
      return prepare(`INSERT OR IGNORE INTO marked_fresh (mark, seq) VALUES ${rows}`);
    });
    this.#deletes = ["marked_fresh", "marked_settled"].map((table) =>
      prepare(`DELETE FROM ${table} WHERE mark = ? AND seq = ?`),
    );
    const stretch = "FROM marked_fresh WHERE mark BETWEEN ? AND ?";
    this.#settle = [
      prepare(
        `INSERT OR IGNORE INTO marked_settled (mark, seq) SELECT mark, seq ${stretch} ` +
          "ORDER BY mark, seq",
      ),
      prepare(`DELETE ${stretch}`),
    ];
    this.#pages = prepare("PRAGMA page_count").pluck();
    this.#round = this.#nextRound();
  }

  add(seq: bigint, event: NostrEvent): void {
    const values: bigint[] = [];
    for (const mark of this.#marks.of(event)) values.push(mark, seq);
    for (let at = 0; at < values.length; at += 2 * MAX_ROWS) {
      const rows = values.slice(at, at + 2 * MAX_ROWS);
      this.#inserts[rows.length / 2 - 1]?.run(...rows);
    }
  }

  remove(seq: bigint, event: NostrEvent): void {
    for (const mark of this.#marks.of(event)) {
      for (const statement of this.#deletes) statement.run(mark, seq);
    }
  }

  /** To be called for each batch, with the number of events that were added. */
  settle(added: number): void {
    this.#due += added;
    if (this.#due < MIN_STRETCH) return;
    const share = (BigInt(Math.min(this.#due, this.#round)) * 2n ** 64n) / BigInt(this.#round);
    const last = this.#next + share - 1n;
    this.#settleBetween(this.#next, last < HIGHEST ? last : HIGHEST);
    if (last > HIGHEST) {
      this.#settleBetween(LOWEST, BigInt.asIntN(64, last));
      this.#round = this.#nextRound();
    }
    this.#next = BigInt.asIntN(64, last + 1n);
    this.#due = 0;
  }

  #settleBetween(first: bigint, last: bigint): void {
    for (const statement of this.#settle) statement.run(first, last);
  }

  #nextRound(): number {
    const pages = Number(this.#pages.get());
    return Math.max(MIN_ROUND, Math.round(ROUND_BY_ROOT * Math.sqrt(pages)));
  }
}
