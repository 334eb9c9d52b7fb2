/**
 * Newest first over many index scans at once. Nothing stays open: a cursor reads one bounded slice,
 * remembers its place, and between two reads the event loop turns.
 */

import { setImmediate as turn } from "node:timers/promises";
import type { Remainder } from "../store.ts";
import { secondOf } from "./row.ts";

const PEEK_ROWS = 10;

/** `content` is null where the index offers what the filter refuses. */
export type Row = readonly [seq: bigint, content: string | null];
export type Match = readonly [seq: bigint, content: string];

/** One index scan. */
export interface Scan {
  /** Highest and lowest seq of interest, inclusive. */
  readonly from: bigint;
  readonly to: bigint;
  /** How many rows are worth a read, at least and at most. */
  readonly minRows: number;
  readonly maxRows: number;
  /** At most so many rows, newest first, from a seq (inclusive) downwards. */
  read(from: bigint, rows: number): Reading;
}

export interface Reading {
  readonly rows: readonly Row[];
  /** Whether the scan has nothing below these rows. */
  readonly isLast: boolean;
}

/**
 * How many events a filter may contribute; its scans share it. `surplus` is how many more, while
 * they are of the same second as the last of the first `limit`.
 */
export class Quota {
  #left: number;
  #surplus: number;
  #second: number | undefined;

  /** `second`: of the event before the first, where what the limit allows has been contributed. */
  constructor(limit: number = Number.POSITIVE_INFINITY, surplus = 0, second?: number) {
    this.#left = limit;
    this.#surplus = surplus;
    if (limit === 0) this.#second = second;
  }

  /** How many events of any second. */
  get left(): number {
    return this.#left;
  }

  /** Whether an event at this place may be contributed, or a lower one of the same second. */
  admits(seq: bigint): boolean {
    return this.#left > 0 || (this.#surplus > 0 && secondOf(seq) === this.#second);
  }

  take(seq: bigint): void {
    if (this.#left === 0) this.#surplus -= 1;
    else this.#left -= 1;
    if (this.#left === 0) this.#second ??= secondOf(seq);
  }
}

export class Cursor {
  readonly quota: Quota;
  readonly #scan: Scan;
  #from: bigint;
  #rows: number;
  #matches: readonly Match[] = [];
  #taken = 0;
  #isExhausted: boolean;

  constructor(scan: Scan, quota: Quota) {
    this.quota = quota;
    this.#scan = scan;
    this.#from = scan.from;
    // One more than may be contributed tells whether there is more.
    this.#rows = Math.max(scan.minRows, Math.min(scan.maxRows, quota.left + 1));
    this.#isExhausted = scan.from < scan.to;
  }

  /** The matches that were read and not taken, newest first. */
  get unread(): readonly Match[] {
    return this.#matches.slice(this.#taken);
  }

  /** The place of the newest of them. */
  get top(): bigint | undefined {
    return this.#matches[this.#taken]?.[0];
  }

  /** The newest of them, if the filter may contribute it. */
  get head(): Match | undefined {
    const match = this.#matches[this.#taken];
    return match && this.quota.admits(match[0]) ? match : undefined;
  }

  /** Whether only another `read` can tell which match comes next. */
  get isDry(): boolean {
    return this.#taken === this.#matches.length && !this.#isExhausted;
  }

  /** The same, where that match may be contributed. */
  get isBehind(): boolean {
    return this.isDry && this.quota.admits(this.#from);
  }

  read(most: number = this.#rows): void {
    const { rows, isLast } = this.#scan.read(this.#from, Math.min(most, this.#rows));
    this.#matches = rows.every(isMatch) ? rows : rows.filter(isMatch);
    this.#taken = 0;
    const last = rows.at(-1);
    if (last) this.#from = last[0] - 1n;
    this.#isExhausted = isLast || this.#from < this.#scan.to;
    this.#rows = Math.min(2 * this.#rows, this.#scan.maxRows);
  }

  /** Takes all that may be contributed above a place, each once, where no other cursor has any. */
  takeAbove(place: bigint | undefined, page: Match[]): void {
    for (let { head } = this; head && (place === undefined || head[0] > place); { head } = this) {
      page.push(head);
      this.take(head[0]);
      this.quota.take(head[0]);
    }
  }

  /** Steps past an event; a scan may offer it more than once. Returns whether it was the head. */
  take(seq: bigint): boolean {
    const before = this.#taken;
    while (this.#matches[this.#taken]?.[0] === seq) this.#taken += 1;
    return this.#taken > before;
  }
}

/**
 * The union of all cursors, each event once, in pages of what needed no further reading. There may be
 * nothing on a page: between two readings the caller always has the chance to stop. Returns what the
 * quotas left over.
 */
export async function* newestFirst(
  cursors: readonly Cursor[],
): AsyncGenerator<readonly Match[], Remainder, undefined> {
  let page: Match[] = [];
  let last: bigint | undefined;
  let isFirstRead = true;
  for (;;) {
    for (const cursor of cursors) {
      while (cursor.isBehind) {
        if (!isFirstRead) {
          yield page;
          page = [];
          await turn();
        }
        isFirstRead = false;
        cursor.read();
      }
    }
    const newest = newestHead(cursors);
    if (newest === undefined) break;
    const [cursor, match] = newest;
    const next = highestBelow(match[0], cursor, cursors);
    if (next === match[0]) takeFromAll(match, cursors, page);
    else cursor.takeAbove(next, page);
    last = page.at(-1)?.[0] ?? last;
  }
  if (page.length > 0) yield page;
  return remainderOf(cursors, last);
}

/** What several cursors offer counts for each filter that may contribute it. */
function takeFromAll(match: Match, cursors: readonly Cursor[], page: Match[]): void {
  page.push(match);
  const served = new Set<Quota>();
  for (const cursor of cursors) {
    const isOffer = cursor.quota.admits(match[0]);
    if (cursor.take(match[0]) && isOffer) served.add(cursor.quota);
  }
  for (const quota of served) quota.take(match[0]);
}

/** What is left below the quotas, as far as one more short reading of each scan can tell. */
async function remainderOf(
  cursors: readonly Cursor[],
  last: bigint | undefined,
): Promise<Remainder> {
  // What is unread by now was passed by, so no other filter has contributed it either.
  if (cursors.some(({ unread }) => unread.length > 0)) return "more";
  let remainder: Remainder = "finish";
  for (const cursor of cursors) {
    if (!cursor.isDry) continue;
    await turn();
    cursor.read(PEEK_ROWS);
    if (cursor.unread.some(([seq]) => last === undefined || seq < last)) return "more";
    if (cursor.isDry || cursor.unread.length > 0) remainder = "unknown";
  }
  return remainder;
}

function newestHead(cursors: readonly Cursor[]): readonly [Cursor, Match] | undefined {
  let newest: readonly [Cursor, Match] | undefined;
  for (const cursor of cursors) {
    const { head } = cursor;
    if (head && (newest === undefined || head[0] > newest[1][0])) newest = [cursor, head];
  }
  return newest;
}

/** The highest place, from one downwards, at which another cursor has something. */
function highestBelow(place: bigint, but: Cursor, cursors: readonly Cursor[]): bigint | undefined {
  let highest: bigint | undefined;
  for (const cursor of cursors) {
    const { top } = cursor;
    if (cursor === but || top === undefined || top > place) continue;
    if (highest === undefined || top > highest) highest = top;
  }
  return highest;
}

function isMatch(row: Row): row is Match {
  return row[1] !== null;
}
