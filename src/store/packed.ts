/**
 * Answers that one scan gives by itself, which most are: SQLite puts the texts of a slice together, so
 * that no string is made of each on its way to the client.
 */

import { setImmediate as turn } from "node:timers/promises";
import type { Texts } from "../nostr/packed-texts.ts";
import type { Remainder, StoredFilter } from "../store.ts";
import { Cursor, newestFirst, Quota, type Scan } from "./cursor.ts";
import { OwnedTexts } from "./owned-texts.ts";
import { secondOf } from "./row.ts";

/** A scan whose slices can be had packed. */
export interface PackableScan extends Scan {
  /** As `read`; `undefined` where a text is too long for that. */
  pack(from: bigint, rows: number): PackedReading | undefined;
}

export interface PackedReading {
  /** What matches, newest first. */
  readonly texts: OwnedTexts;
  /** How many rows of the index were looked at. */
  readonly rows: number;
  /** The place of the last of them. */
  readonly last: bigint | undefined;
  /** The place of the last text. */
  readonly lastMatch: bigint | undefined;
}

/** The row of {@link packedSql}; nulls where there is nothing. */
export type PackedRow = readonly [
  texts: Uint8Array | null,
  lengths: string | null,
  rows: bigint,
  last: bigint | null,
  lastMatch: bigint | null,
  hasLong: bigint | null,
];

/** A slice (`sql.ts`) in one row. SQLite keeps to the order of a subquery whose texts it puts together. */
export function packedSql(slice: string): string {
  return (
    "SELECT CAST(group_concat(content, '') AS BLOB), group_concat(octet_length(content)), count(*), " +
    "min(seq), min(CASE WHEN content IS NOT NULL THEN seq END), max(typeof(content) = 'integer') " +
    `FROM (${slice})`
  );
}

/** `undefined` where a text was left out because it is long. */
export function packedReading(row: PackedRow): PackedReading | undefined {
  const [bytes, lengths, rows, last, lastMatch, hasLong] = row;
  if (hasLong === 1n) return undefined;
  const texts = new OwnedTexts(plainBytes(bytes), endsOf(lengths));
  return { texts, rows: Number(rows), last: last ?? undefined, lastMatch: lastMatch ?? undefined };
}

/** As `newestFirst`, for a filter that has this one scan. */
export async function* packedNewestFirst(
  scan: PackableScan,
  { limit: left = Number.POSITIVE_INFINITY, surplus = 0 }: Pick<StoredFilter, "limit" | "surplus">,
): AsyncGenerator<Texts, Remainder, undefined> {
  let { from } = scan;
  let second: number | undefined;
  // One more than may be contributed tells whether there is more, where no surplus may follow.
  const wanted = surplus > 0 ? left : left + 1;
  let rows = Math.max(scan.minRows, Math.min(scan.maxRows, wanted));
  while (left > 0 && from >= scan.to) {
    const reading = scan.pack(from, rows);
    // Row by row, then: long texts, and where a second ends.
    if (!reading || (surplus > 0 && reading.texts.length > left)) break;
    const { texts, last, lastMatch } = reading;
    if (texts.length > left) {
      yield texts.first(left);
      return "more";
    }
    left -= texts.length;
    second = lastMatch === undefined ? second : secondOf(lastMatch);
    yield texts;
    if (last === undefined || reading.rows < rows) return "finish";
    from = last - 1n;
    rows = Math.min(2 * rows, scan.maxRows);
    await turn();
  }
  const rest = new Cursor({ ...scan, from }, new Quota(left, surplus, second));
  const pages = newestFirst([rest]);
  for (;;) {
    const page = await pages.next();
    if (page.done) return page.value;
    yield page.value.map(([, json]) => json);
  }
}

function endsOf(lengths: string | null): Uint32Array {
  const each = JSON.parse(`[${lengths ?? ""}]`) as readonly number[];
  const ends = new Uint32Array(each.length);
  let end = 0;
  for (let i = 0; i < each.length; i++) {
    end += each[i] ?? 0;
    ends[i] = end;
  }
  return ends;
}

/** Not a Buffer, whose views take longer to make. */
function plainBytes(bytes: Uint8Array | null): Uint8Array {
  return bytes
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(0);
}
