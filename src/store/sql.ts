/**
 * Filter → SQL. Each statement walks one index in the order of answers, from a position downwards,
 * and looks at a bounded number of rows. The planner is told which index (INDEXED BY, CROSS JOIN).
 * Lists travel as one JSON parameter, so that the text depends on a filter's shape alone.
 */

import type { Filter } from "../nostr/filter.ts";
import { isHex32 } from "../nostr/key.ts";
import { KIND_GIFT_WRAP } from "../nostr/kind.ts";
import type { View } from "../nostr/visibility.ts";
import { type SqlValue, toSql } from "./row.ts";

/** A column of `event`, or `#` and a tag letter; one of the values must be there. */
export interface Condition {
  readonly key: "id" | "pubkey" | "kind" | `#${string}`;
  readonly values: readonly (string | number)[];
}

/** What a row carries besides its seq: the event, its id, or nothing, which is all counting needs. */
export type Content = keyof typeof COLUMNS;

/** An index that leads to a filter's events, and the conditions that it answers by itself. */
export interface Index {
  readonly source: string;
  readonly conditions: readonly Condition[];
}

/** SQL text with the values for its question marks, in order. */
export interface Fragment {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/**
 * A statement that reads a slice; its parameters stand behind those of the view, if it has one, and
 * are completed by highest seq, lowest seq (both inclusive) and number of rows. Rows are [seq, json],
 * newest first. json is NULL where the index offers what another condition or the view refuses, so
 * that the last row always tells where to go on.
 */
export interface Slice extends Fragment {
  /** Whether every row with a json matches; otherwise `matchFilter` has the last word. */
  readonly exact: boolean;
  /** How many rows of the index one statement should look at, at least and at most. */
  readonly minRows: number;
  readonly maxRows: number;
}

const COLUMNS = { json: "json", id: "lower(hex(event.id))", nothing: "''" } as const;

/** Stretches of an index that one statement may visit; longer lists are cut into several. */
const MAX_STRETCHES = 500;
/** Up to that many kinds, the kinds of each author are stretches of their own. */
const MAX_KINDS_PER_AUTHOR = 32;
/** Values that SQL may try on each row; what goes beyond is left to `matchFilter`. */
const MAX_TRIALS = 64;
const MAX_ROWS = 500;
/** Where rows may be refused, fewer than that are not worth a statement. */
const MIN_ROWS = 100;
/** Stretches times rows. */
const MAX_WORK = 50_000;

export function conditionsOf({ ids, authors, kinds, tags }: Filter): readonly Condition[] {
  const conditions: Condition[] = [];
  if (ids) conditions.push({ key: "id", values: [...ids] });
  if (authors) conditions.push({ key: "pubkey", values: [...authors] });
  if (kinds) conditions.push({ key: "kind", values: [...kinds] });
  for (const [letter, values] of tags) conditions.push({ key: `#${letter}`, values: [...values] });
  return conditions;
}

/** The indexes that can lead to the events; at least one. */
export function indexesFor(conditions: readonly Condition[]): readonly [Index, ...Index[]] {
  const find = (key: Condition["key"]) => conditions.filter((condition) => condition.key === key);
  const [ids, authors, kinds] = [find("id"), find("pubkey"), find("kind")];
  if (ids.length > 0) return [{ source: "event INDEXED BY event_id", conditions: ids }];
  const indexes: Index[] = conditions
    .filter(({ key }) => key.startsWith("#"))
    .map((condition) => ({ source: "tag", conditions: [condition] }));
  if (authors.length > 0) indexes.push(byAuthor(authors, kinds));
  const [first, ...others] = indexes;
  if (first) return [first, ...others];
  if (kinds.length > 0) return [{ source: "event INDEXED BY event_kind", conditions: kinds }];
  return [{ source: "event", conditions: [] }];
}

/** What `isVisible` decides, as a question about one row of `event`. */
const IS_VISIBLE =
  "(event.expires_at IS NULL OR event.expires_at > ?) " +
  `AND (event.kind <> ${KIND_GIFT_WRAP} OR EXISTS (SELECT 1 FROM tag WHERE name = 'p' ` +
  "AND value IN (SELECT unhex(value) FROM json_each(?)) AND seq = event.seq))";

/** The first parameters of a slice that has a view. */
export function viewParameters({ now, readers }: View): readonly SqlValue[] {
  return [now, JSON.stringify([...readers])];
}

/**
 * The slices that together give the events, by way of one index. An event may come from several.
 * `hasView`: only what {@link viewParameters} let through.
 */
export function slicesOf(
  conditions: readonly Condition[],
  index: Index,
  content: Content,
  hasView: boolean,
): readonly Slice[] {
  if (conditions.some(({ values }) => values.length === 0)) return [];
  const others = conditions.filter((condition) => !index.conditions.includes(condition));
  const tried = affordable(others);
  const exact = tried.length === others.length;
  const column = COLUMNS[exact ? content : "json"];
  const view: Fragment[] = hasView ? [{ sql: IS_VISIBLE, parameters: [] }] : [];
  const refine = and([...view, ...tried.map(onRow)]);
  return cut(index.conditions).map((part) => {
    const walk = and(part.map(onIndex));
    const sql = sliceSql(index.source, walk.sql, refine.sql, column);
    const parameters = [...refine.parameters, ...walk.parameters];
    const maxRows = Math.min(MAX_ROWS, Math.ceil(MAX_WORK / stretches(part)));
    return { sql, parameters, exact, minRows: others.length === 0 ? 1 : MIN_ROWS, maxRows };
  });
}

/** Counts the rows that an index offers, up to a bound. Parameters as for a slice. */
export function probeOf({ source, conditions }: Index): Fragment {
  const walk = and((cut(conditions)[0] ?? []).map(onIndex));
  const sql = `SELECT count(*) FROM (SELECT 1 FROM ${source} WHERE ${bounded(walk.sql)} LIMIT ?)`;
  return { sql, parameters: walk.parameters };
}

function byAuthor(authors: readonly Condition[], kinds: readonly Condition[]): Index {
  return kinds.length > 0 && kinds.every(({ values }) => values.length <= MAX_KINDS_PER_AUTHOR)
    ? { source: "event INDEXED BY event_author_kind", conditions: [...authors, ...kinds] }
    : { source: "event INDEXED BY event_author", conditions: authors };
}

function sliceSql(source: string, walk: string, refine: string, column: string): string {
  const content = refine === "" ? column : `CASE WHEN ${refine} THEN ${column} END`;
  const join = content === COLUMNS.nothing ? "" : "CROSS JOIN event ON event.seq = found.seq ";
  return (
    `SELECT found.seq, ${content} ` +
    `FROM (SELECT seq FROM ${source} WHERE ${bounded(walk)} ORDER BY seq DESC LIMIT ?) AS found ` +
    `${join}ORDER BY found.seq DESC`
  );
}

function bounded(walk: string): string {
  return `${walk === "" ? "" : `${walk} AND `}seq <= ? AND seq >= ?`;
}

/** The shortest lists first, as many as SQL may try on each row. */
function affordable(conditions: readonly Condition[]): readonly Condition[] {
  let trials = 0;
  return [...conditions]
    .sort((a, b) => a.values.length - b.values.length)
    .filter(({ values }) => {
      trials += values.length;
      return trials <= MAX_TRIALS;
    });
}

/** Cuts the first list so that no statement visits more than MAX_STRETCHES. */
function cut(conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  const [first, ...others] = conditions;
  if (first === undefined) return [[]];
  const size = Math.max(1, Math.floor(MAX_STRETCHES / stretches(others)));
  const parts: Condition[][] = [];
  for (let at = 0; at < first.values.length; at += size) {
    parts.push([{ key: first.key, values: first.values.slice(at, at + size) }, ...others]);
  }
  return parts;
}

function stretches(conditions: readonly Condition[]): number {
  return conditions.reduce((product, { values }) => product * values.length, 1);
}

/** The condition as the index that the scan walks sees it. */
function onIndex({ key, values }: Condition): Fragment {
  if (!key.startsWith("#")) return among(key, values);
  const value = among("value", values);
  return { sql: `name = ? AND ${value.sql}`, parameters: [key.slice(1), ...value.parameters] };
}

/** The condition as a question about one row of `event`. */
function onRow({ key, values }: Condition): Fragment {
  if (!key.startsWith("#")) return among(`event.${key}`, values);
  const { sql, parameters } = onIndex({ key, values });
  return { sql: `EXISTS (SELECT 1 FROM tag WHERE ${sql} AND seq = event.seq)`, parameters };
}

/** JSON has no bytes, so those travel as hex, apart from the rest. */
function among(column: string, values: readonly (string | number)[]): Fragment {
  const [only] = values;
  if (values.length === 1 && only !== undefined) {
    return { sql: `${column} = ?`, parameters: [toSql(only)] };
  }
  const bytes = values.filter(isHex32);
  const plain = values.filter((value) => !isHex32(value));
  const lists: string[] = [];
  const parameters: string[] = [];
  if (plain.length > 0) {
    lists.push("SELECT value FROM json_each(?)");
    parameters.push(JSON.stringify(plain));
  }
  if (bytes.length > 0) {
    lists.push("SELECT unhex(value) FROM json_each(?)");
    parameters.push(JSON.stringify(bytes));
  }
  return { sql: `${column} IN (${lists.join(" UNION ALL ")})`, parameters };
}

function and(fragments: readonly Fragment[]): Fragment {
  return {
    sql: fragments.map(({ sql }) => sql).join(" AND "),
    parameters: fragments.flatMap(({ parameters }) => parameters),
  };
}
