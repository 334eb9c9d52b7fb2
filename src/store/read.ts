/** The reading half of the SQLite store: chooses an index for each filter, then runs its scans. */

import type { Database, Statement } from "better-sqlite3";
import { idOfJson } from "../nostr/event.ts";
import { type Filter, matchFilter, timeRange } from "../nostr/filter.ts";
import { isEventId } from "../nostr/key.ts";
import { narrowFilter, type View } from "../nostr/visibility.ts";
import type { Place } from "../store.ts";
import { Cursor, newestFirst, type Quota, type Reading, type Row, type Scan } from "./cursor.ts";
import { fromJson, highestSeq, lowestSeq, type SqlValue, secondOf } from "./row.ts";
import {
  type Condition,
  type Content,
  conditionsOf,
  type Index,
  indexesFor,
  probeOf,
  slicesOf,
  viewParameters,
} from "./sql.ts";

/** Indexes that are compared before one is chosen, and how many rows of each are counted. */
const MAX_PROBES = 4;
const PROBE_ROWS = 500;
/** Length of the texts at which one reading stops, so that memory stays bounded. */
const MAX_READ_LENGTH = 4 * 2 ** 20;
/** Shapes of filters whose statements are kept. */
const MAX_STATEMENTS = 500;

export class EventReader {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement<SqlValue[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** See `EventStore.query`. */
  async *query(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly string[], void, undefined> {
    const cursors = filters.flatMap((filter) => this.#cursors(filter, "json", filter.limit, view));
    for await (const page of newestFirst(cursors)) yield page.map(([, json]) => json);
  }

  /** See `EventStore.locate`. */
  async *locate(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly Place[], void, undefined> {
    const cursors = filters.flatMap((filter) => this.#cursors(filter, "id", filter.limit, view));
    for await (const page of newestFirst(cursors)) {
      yield page.map(([seq, content]) => ({
        created_at: secondOf(seq),
        // Where SQL leaves the match open, the row carries the json that decides it.
        id: isEventId(content) ? content : idOfJson(content),
      }));
    }
  }

  /** See `EventStore.count`. */
  async count(filters: readonly Filter[], view?: View): Promise<number> {
    const cursors = filters.flatMap((filter) => this.#cursors(filter, "nothing", undefined, view));
    let count = 0;
    for await (const page of newestFirst(cursors)) count += page.length;
    return count;
  }

  #cursors(
    filter: Filter,
    content: Content,
    limit: number | undefined,
    view: View | undefined,
  ): readonly Cursor[] {
    const { since, until } = timeRange(filter);
    if (since > until) return [];
    const range = { from: highestSeq(until), to: lowestSeq(since) };
    const quota: Quota = { left: limit ?? Number.POSITIVE_INFINITY };
    const conditions = conditionsOf(view ? narrowFilter(filter, view) : filter);
    const index = this.#chooseIndex(conditions, range);
    // No index knows what is not to be shown: that takes a look at every event.
    const column = filter.exceptKinds ? "json" : content;
    return slicesOf(conditions, index, column, view !== undefined).map((slice) => {
      const read: Scan["read"] = (from, rows) => {
        // Asked at each reading: what expires during a long scan is not shown any more.
        const seen = view ? viewParameters(view) : [];
        const parameters = [...seen, ...slice.parameters, from, range.to, rows];
        const found = this.#prepare(slice.sql).iterate(...parameters) as Iterable<Row>;
        return gather(found, rows, slice.exact && !filter.exceptKinds ? undefined : filter);
      };
      return new Cursor({ ...range, minRows: slice.minRows, maxRows: slice.maxRows, read }, quota);
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

/** Ends the reading early where texts are long. What SQL left open, `matchFilter` decides. */
function gather(found: Iterable<Row>, rows: number, undecided: Filter | undefined): Reading {
  const gathered: Row[] = [];
  let length = 0;
  for (const row of found) {
    const [seq, json] = row;
    const isRefused = json !== null && undecided && !matchFilter(undecided, fromJson(json));
    gathered.push(isRefused ? [seq, null] : row);
    length += json?.length ?? 0;
    if (length >= MAX_READ_LENGTH) return { rows: gathered, isLast: false };
  }
  return { rows: gathered, isLast: gathered.length < rows };
}
