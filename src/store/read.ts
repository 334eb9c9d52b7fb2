/** The reading half of the SQLite store: chooses an index for each filter, then runs its scans. */

import type { Database, Statement } from "better-sqlite3";
import { type Filter, matchFilter, timeRange } from "../nostr/filter.ts";
import { Cursor, newestFirst, type Quota, type Row, type Scan } from "./cursor.ts";
import { fromJson, highestSeq, lowestSeq, type SqlValue } from "./row.ts";
import { type Condition, conditionsOf, type Index, indexesFor, probeOf, slicesOf } from "./sql.ts";

/** Indexes that are compared before one is chosen, and how many rows of each are counted. */
const MAX_PROBES = 4;
const PROBE_ROWS = 500;
/** Shapes of filters whose statements are kept. */
const MAX_STATEMENTS = 500;

export class EventReader {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement<SqlValue[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** See `EventStore.query`. */
  async *query(filters: readonly Filter[]): AsyncGenerator<readonly string[], void, undefined> {
    const cursors = filters.flatMap((filter) => this.#cursors(filter, "json", filter.limit));
    for await (const page of newestFirst(cursors)) yield page.map(([, json]) => json);
  }

  /** See `EventStore.count`. */
  async count(filters: readonly Filter[]): Promise<number> {
    const cursors = filters.flatMap((filter) => this.#cursors(filter, "nothing", undefined));
    let count = 0;
    for await (const page of newestFirst(cursors)) count += page.length;
    return count;
  }

  #cursors(
    filter: Filter,
    content: "json" | "nothing",
    limit: number | undefined,
  ): readonly Cursor[] {
    const { since, until } = timeRange(filter);
    if (since > until) return [];
    const range = { from: highestSeq(until), to: lowestSeq(since) };
    const quota: Quota = { left: limit ?? Number.POSITIVE_INFINITY };
    const conditions = conditionsOf(filter);
    const index = this.#chooseIndex(conditions, range);
    return slicesOf(conditions, index, content).map((slice) => {
      const { sql, parameters, exact, minRows, maxRows } = slice;
      const read = (from: bigint, rows: number): readonly Row[] => {
        const found = this.#prepare(sql).all(...parameters, from, range.to, rows) as readonly Row[];
        return exact ? found : found.map((row) => decide(filter, row));
      };
      return new Cursor({ ...range, minRows, maxRows, read }, quota);
    });
  }

  /** The one that offers the fewest rows; the first of equals. */
  #chooseIndex(conditions: readonly Condition[], { from, to }: Pick<Scan, "from" | "to">): Index {
    const [first, ...others] = indexesFor(conditions);
    if (others.length === 0) return first;
    let best = first;
    let fewest = Number.POSITIVE_INFINITY;
    for (const index of [first, ...others].slice(0, MAX_PROBES)) {
      const { sql, parameters } = probeOf(index);
      const [offered] = this.#prepare(sql).get(...parameters, from, to, PROBE_ROWS) as [bigint];
      if (offered < fewest) [best, fewest] = [index, Number(offered)];
    }
    return best;
  }

  #prepare(sql: string): Statement<SqlValue[]> {
    const known = this.#statements.get(sql);
    if (known) return known;
    // Nobody has that many shapes in use; whoever invents them pays by preparing again.
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare<SqlValue[]>(sql).raw().safeIntegers();
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Where SQL could not decide, `matchFilter` does. */
function decide(filter: Filter, row: Row): Row {
  const [seq, json] = row;
  return json === null || matchFilter(filter, fromJson(json)) ? row : [seq, null];
}
