/** The reading half of the SQLite store: chooses an index for each filter, then runs its scans. */

import type { Database, Statement } from "better-sqlite3";
import { type Filter, matchFilter, timeRange } from "../nostr/filter.ts";
import { Cursor, newestFirst, type Quota, type Row, type Scan } from "./cursor.ts";
import { fromJson, MAX_RANK, type SqlValue } from "./row.ts";
import {
  bounds,
  type Condition,
  conditionsOf,
  type Fragment,
  type Index,
  indexesFor,
  probeOf,
  slicesOf,
} from "./sql.ts";

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
    for await (const page of newestFirst(cursors)) yield page.map(({ content }) => content);
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
    const quota: Quota = { left: limit ?? Number.POSITIVE_INFINITY };
    const conditions = conditionsOf(filter);
    const index = this.#chooseIndex(conditions, since, until);
    return slicesOf(conditions, index, content).map((slice) => {
      const { minRows, maxRows } = slice;
      const read: Scan["read"] = (from, rows) =>
        this.#all<SliceRow>(slice, bounds(from, since, rows)).map((row) =>
          toRow(row, slice.exact ? undefined : filter),
        );
      return new Cursor({ since, until, minRows, maxRows, read }, quota);
    });
  }

  /** The one that offers the fewest rows; the first of equals. */
  #chooseIndex(conditions: readonly Condition[], since: number, until: number): Index {
    const [first, ...others] = indexesFor(conditions);
    if (others.length === 0) return first;
    let best = first;
    let fewest = Number.POSITIVE_INFINITY;
    for (const index of [first, ...others].slice(0, MAX_PROBES)) {
      const range = bounds({ second: until, rank: MAX_RANK }, since, PROBE_ROWS);
      const [[offered = 0] = []] = this.#all<[number]>(probeOf(index), range);
      if (offered < fewest) [best, fewest] = [index, offered];
    }
    return best;
  }

  #all<R extends readonly unknown[]>(
    { sql, parameters }: Fragment,
    range: readonly SqlValue[],
  ): readonly R[] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      // Nobody has that many shapes in use; whoever invents them pays by preparing again.
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      statement = this.#database.prepare<SqlValue[]>(sql).raw();
      this.#statements.set(sql, statement);
    }
    return statement.all(...parameters, ...range) as R[];
  }
}

type SliceRow = readonly [second: number, rank: number, content: string | null];

/** Where SQL could not decide, `matchFilter` does. */
function toRow([second, rank, content]: SliceRow, undecided: Filter | undefined): Row {
  const isRefused =
    undecided !== undefined && content !== null && !matchFilter(undecided, fromJson(content));
  return { second, rank, content: isRefused ? null : content };
}
