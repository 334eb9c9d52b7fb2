/**
 * The whole of a SQLite store as texts, for backups: one walk along the table, in either direction,
 * that every filter watches. Between two pages the event loop turns.
 */

import { setImmediate as turn } from "node:timers/promises";
import type { Database, Statement } from "better-sqlite3";
import { idOfJson } from "../nostr/event.ts";
import { type Filter, matchFilters, timeRange } from "../nostr/filter.ts";
import type { ExportOrder } from "../store.ts";
import { fromJson, highestSeq, lowestSeq, type SqlValue, secondOf } from "./row.ts";

type Row = readonly [seq: bigint, json: string];

const PAGE_ROWS = 500;
/** Length of the texts at which a page ends early, so that memory stays bounded. */
const MAX_PAGE_LENGTH = 4 * 2 ** 20;
/**
 * Ids of one second that share their first 30 bits stand by arrival, next to one another or nearly
 * so, where some between them are gone. A stretch of events this close is put in order.
 */
const NEAR = 16n;

const SELECT = "SELECT seq, json FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq";

/** See `EventStore.export`. */
export async function* exportEvents(
  database: Database,
  filters: readonly Filter[],
  order: ExportOrder,
): AsyncGenerator<readonly string[], void, undefined> {
  const isOldestFirst = order === "oldest first";
  const direction = isOldestFirst ? "ASC" : "DESC";
  const statement = database.prepare<SqlValue[]>(`${SELECT} ${direction} LIMIT ${PAGE_ROWS}`);
  statement.raw().safeIntegers();
  const wants = matcherOf(filters);
  let { low, high } = spanOf(filters);
  const stretch: Row[] = [];
  while (low <= high) {
    const rows = readPage(statement, low, high);
    const last = rows.at(-1)?.[0];
    if (last === undefined) break;
    if (isOldestFirst) low = last + 1n;
    else high = last - 1n;
    const page: string[] = [];
    for (const row of rows) {
      if (!isNear(stretch.at(-1), row)) page.push(...inOrder(stretch.splice(0), isOldestFirst));
      if (wants(row[1])) stretch.push(row);
    }
    if (page.length > 0) yield page;
    await turn();
  }
  if (stretch.length > 0) yield inOrder(stretch, isOldestFirst);
}

function readPage(statement: Statement<SqlValue[]>, low: bigint, high: bigint): readonly Row[] {
  const rows: Row[] = [];
  let length = 0;
  for (const row of statement.iterate(low, high) as Iterable<Row>) {
    rows.push(row);
    length += row[1].length;
    if (length >= MAX_PAGE_LENGTH) break;
  }
  return rows;
}

/** From the lowest to the highest seq that any of the filters can want. */
function spanOf(filters: readonly Filter[]): { low: bigint; high: bigint } {
  const ranges = filters.map(timeRange).filter(({ since, until }) => since <= until);
  if (ranges.length === 0) return { low: 0n, high: -1n };
  return {
    low: lowestSeq(Math.min(...ranges.map(({ since }) => since))),
    high: highestSeq(Math.max(...ranges.map(({ until }) => until))),
  };
}

/** An event is parsed only where the walk alone does not decide. */
function matcherOf(filters: readonly Filter[]): (json: string) => boolean {
  const [only, ...others] = filters;
  if (only && others.length === 0 && asksForTimeAlone(only)) return () => true;
  return (json) => matchFilters(filters, fromJson(json));
}

function asksForTimeAlone({ since, until, limit, tags, ...others }: Filter): boolean {
  return tags.size === 0 && Object.keys(others).length === 0;
}

function isNear(last: Row | undefined, [seq]: Row): boolean {
  if (last === undefined) return true;
  const gap = seq - last[0];
  return -NEAR <= gap && gap <= NEAR;
}

function inOrder(stretch: Row[], isOldestFirst: boolean): readonly string[] {
  if (stretch.length > 1) {
    stretch.sort(isOldestFirst ? (a, b) => compareNewestFirst(b, a) : compareNewestFirst);
  }
  return stretch.map(([, json]) => json);
}

function compareNewestFirst([seqA, a]: Row, [seqB, b]: Row): number {
  return secondOf(seqB) - secondOf(seqA) || (idOfJson(a) < idOfJson(b) ? -1 : 1);
}
