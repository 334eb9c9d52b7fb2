/** What the SQLite store removes in bulk, in slices: what has expired, and those who have vanished. */

import { setImmediate as turn } from "node:timers/promises";
import type { Database, Statement, Transaction } from "better-sqlite3";
import { type EventId, publicKeyFromBytes } from "../nostr/key.ts";
import { KIND_GIFT_WRAP, KIND_VANISH } from "../nostr/kind.ts";
import type { Marks } from "./marks.ts";
import { fromJson, highestSeq, type SqlValue } from "./row.ts";
import { LIMIT } from "./sql.ts";
import type { EventTable } from "./table.ts";

/** Rows that one transaction looks at. Between two of them the event loop turns. */
const SLICE = 256;

/** json is null where the event stays. */
type Found = readonly [seq: bigint, json: string | null];
type Vanishing = readonly [pubkey: Buffer, until: bigint];

export class Eraser {
  readonly #database: Database;
  readonly #marks: Marks;
  readonly #findExpired: Statement<SqlValue[]>;
  readonly #findPending: Statement<SqlValue[]>;
  readonly #findOwn: Statement<SqlValue[]>;
  readonly #findReceived: Statement<SqlValue[]>;
  readonly #settle: Statement<SqlValue[]>;
  readonly #removeAll: Transaction<(rows: readonly Found[]) => void>;
  readonly #removeIds: Transaction<(ids: readonly EventId[]) => number>;

  constructor(database: Database, table: EventTable) {
    const finding = (sql: string) => database.prepare<SqlValue[]>(sql).raw().safeIntegers();
    this.#database = database;
    this.#marks = table.marks;
    this.#findExpired = finding(
      `SELECT seq, json FROM event INDEXED BY event_expires_at WHERE expires_at <= ? ${LIMIT}`,
    );
    this.#findPending = finding("SELECT pubkey, until FROM vanished WHERE is_pending = 1");
    const walk = `SELECT seq FROM marked WHERE mark = ? AND seq <= ? ORDER BY seq DESC ${LIMIT}`;
    const findMarked = (condition: string) =>
      finding(
        `SELECT seq, CASE WHEN ${condition} THEN json END FROM (${walk}) AS found ` +
          "CROSS JOIN event USING (seq) ORDER BY found.seq DESC",
      );
    this.#findOwn = findMarked(`kind <> ${KIND_VANISH}`);
    this.#findReceived = findMarked(`kind = ${KIND_GIFT_WRAP}`);
    this.#settle = database.prepare(
      "UPDATE vanished SET is_pending = 0 WHERE pubkey = ? AND until = ?",
    );
    this.#removeIds = database.transaction((ids) => {
      const present = ids.flatMap((id) => table.find(id) ?? []);
      for (const event of present) table.remove(event);
      return present.length;
    });
    this.#removeAll = database.transaction((rows) => {
      for (const [seq, json] of rows)
        if (json !== null) table.remove({ seq, event: fromJson(json) });
    });
  }

  /** See `EventStore.remove`. */
  remove(ids: readonly EventId[]): number {
    return this.#removeIds.immediate(ids);
  }

  /** See `EventStore.sweep`. */
  sweep(now: number): number {
    const expired = this.#findExpired.all(now, SLICE) as readonly Found[];
    if (expired.length > 0) this.#removeAll.immediate(expired);
    return expired.length;
  }

  /**
   * Removes what is left of everybody who has vanished. What is interrupted, by the end of the
   * process for instance, goes on with the next call. Rejects with SQLITE_BUSY when another
   * connection is in the way.
   */
  async finishVanishing(): Promise<void> {
    const pending = this.#findPending.all() as readonly Vanishing[];
    if (pending.length === 0) return;
    for (const [bytes, until] of pending) {
      const pubkey = publicKeyFromBytes(bytes);
      const newest = highestSeq(Number(until));
      await this.#removeFound(this.#findOwn, this.#marks.author(pubkey), newest);
      await this.#removeFound(this.#findReceived, this.#marks.tag("p", pubkey), newest);
    }
    this.#shortenLog();
    for (const vanishing of pending) this.#settle.run(...vanishing);
  }

  /** The log still holds the pages as they were. */
  #shortenLog(): void {
    const isHeld = this.#database.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) !== 0;
    if (!isHeld) return;
    const error = new Error("another program reads the database, so its log cannot be shortened");
    throw Object.assign(error, { code: "SQLITE_BUSY" });
  }

  async #removeFound(find: Statement<SqlValue[]>, mark: bigint, newest: bigint): Promise<void> {
    for (let from = newest; ; ) {
      const rows = find.all(mark, from, SLICE) as readonly Found[];
      if (rows.some(([, json]) => json !== null)) this.#removeAll.immediate(rows);
      const last = rows.at(-1);
      if (last === undefined || rows.length < SLICE) return;
      from = last[0] - 1n;
      await turn();
    }
  }
}
