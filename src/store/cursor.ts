/**
 * Newest first over many index scans at once. Nothing stays open: a cursor reads one bounded slice,
 * remembers its place, and between two reads the event loop turns.
 */

import { setImmediate as turn } from "node:timers/promises";
import { below, comparePositions, MAX_RANK, type Position } from "./row.ts";

/** `content` is null where the index offers what the filter refuses. */
export interface Row extends Position {
  readonly content: string | null;
}

export interface Match extends Position {
  readonly content: string;
}

/** One index scan. */
export interface Scan {
  readonly since: number;
  readonly until: number;
  /** How many rows are worth a read, at least and at most. */
  readonly minRows: number;
  readonly maxRows: number;
  /** The next so many rows, newest first, from a place (inclusive) down to `since`; all if fewer. */
  read(from: Position, rows: number): readonly Row[];
}

/** How many more events a filter may contribute; its scans share it. */
export interface Quota {
  left: number;
}

export class Cursor {
  readonly #scan: Scan;
  readonly #quota: Quota;
  #from: Position;
  #rows: number;
  #matches: readonly Match[] = [];
  #taken = 0;
  #exhausted: boolean;

  constructor(scan: Scan, quota: Quota) {
    this.#scan = scan;
    this.#quota = quota;
    this.#from = { second: scan.until, rank: MAX_RANK };
    this.#rows = Math.max(scan.minRows, Math.min(scan.maxRows, quota.left));
    this.#exhausted = scan.until < scan.since;
  }

  get quota(): Quota {
    return this.#quota;
  }

  /** The newest match that was not taken. */
  get head(): Match | undefined {
    return this.#matches[this.#taken];
  }

  /** Whether `head` cannot be known before another `read`. */
  get isBehind(): boolean {
    return this.#taken === this.#matches.length && !this.#exhausted && this.#quota.left > 0;
  }

  read(): void {
    const rows = this.#scan.read(this.#from, this.#rows);
    this.#matches = rows.filter(isMatch);
    this.#taken = 0;
    const last = rows.at(-1);
    if (last) this.#from = below(last);
    this.#exhausted = rows.length < this.#rows || this.#from.second < this.#scan.since;
    this.#rows = Math.min(2 * this.#rows, this.#scan.maxRows);
  }

  /** Whether the event at that place was this cursor's head; a scan may offer it more than once. */
  take(place: Position): boolean {
    const before = this.#taken;
    while (this.head && comparePositions(this.head, place) === 0) this.#taken += 1;
    return this.#taken > before;
  }
}

/** The union of all cursors, each event once, in pages of what needed no further reading. */
export async function* newestFirst(
  cursors: readonly Cursor[],
): AsyncGenerator<readonly Match[], void, undefined> {
  let page: Match[] = [];
  let isFirst = true;
  for (;;) {
    for (const cursor of cursors) {
      while (cursor.isBehind) {
        if (page.length > 0) yield page;
        page = [];
        if (!isFirst) await turn();
        isFirst = false;
        cursor.read();
      }
    }
    const match = newestHead(cursors);
    if (match === undefined) break;
    page.push(match);
    const served = new Set<Quota>();
    for (const cursor of cursors) {
      if (cursor.quota.left > 0 && cursor.take(match)) served.add(cursor.quota);
    }
    for (const quota of served) quota.left -= 1;
  }
  if (page.length > 0) yield page;
}

function newestHead(cursors: readonly Cursor[]): Match | undefined {
  let newest: Match | undefined;
  for (const { head, quota } of cursors) {
    if (head === undefined || quota.left === 0) continue;
    if (newest === undefined || comparePositions(head, newest) < 0) newest = head;
  }
  return newest;
}

function isMatch(row: Row): row is Match {
  return row.content !== null;
}
