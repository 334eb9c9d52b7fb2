/**
 * Newest first over many index scans at once. Nothing stays open: a cursor reads one bounded slice,
 * remembers its place, and between two reads the event loop turns.
 */

import { setImmediate as turn } from "node:timers/promises";

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

/** How many more events a filter may contribute; its scans share it. */
export interface Quota {
  left: number;
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
    this.#rows = Math.max(scan.minRows, Math.min(scan.maxRows, quota.left));
    this.#isExhausted = scan.from < scan.to;
  }

  /** The newest match that was not taken, if the filter may contribute more. */
  get head(): Match | undefined {
    return this.quota.left > 0 ? this.#matches[this.#taken] : undefined;
  }

  /** Whether only another `read` can tell what `head` is. */
  get isBehind(): boolean {
    return this.#taken === this.#matches.length && !this.#isExhausted && this.quota.left > 0;
  }

  read(): void {
    const { rows, isLast } = this.#scan.read(this.#from, this.#rows);
    this.#matches = rows.filter(isMatch);
    this.#taken = 0;
    const last = rows.at(-1);
    if (last) this.#from = last[0] - 1n;
    this.#isExhausted = isLast || this.#from < this.#scan.to;
    this.#rows = Math.min(2 * this.#rows, this.#scan.maxRows);
  }

  /** Steps past an event; a scan may offer it more than once. Returns whether it was the head. */
  take(seq: bigint): boolean {
    const before = this.#taken;
    while (this.head?.[0] === seq) this.#taken += 1;
    return this.#taken > before;
  }
}

/**
 * The union of all cursors, each event once, in pages of what needed no further reading. There may be
 * nothing on a page: between two readings the caller always has the chance to stop.
 */
export async function* newestFirst(
  cursors: readonly Cursor[],
): AsyncGenerator<readonly Match[], void, undefined> {
  let page: Match[] = [];
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
    const match = newestHead(cursors);
    if (match === undefined) break;
    page.push(match);
    const served = new Set<Quota>();
    for (const cursor of cursors) if (cursor.take(match[0])) served.add(cursor.quota);
    for (const quota of served) quota.left -= 1;
  }
  if (page.length > 0) yield page;
}

function newestHead(cursors: readonly Cursor[]): Match | undefined {
  let newest: Match | undefined;
  for (const { head } of cursors) {
    if (head !== undefined && (newest === undefined || head[0] > newest[0])) newest = head;
  }
  return newest;
}

function isMatch(row: Row): row is Match {
  return row[1] !== null;
}
