/**
 * Filter → SQL. Each statement walks one index in the order of answers, from a position downwards,
 * and looks at a bounded number of rows. The planner is told which index (INDEXED BY, CROSS JOIN).
 * Lists travel as one JSON parameter, so that the text depends on a filter's shape alone.
 */

import type { Filter } from "../nostr/filter.ts";
import { KIND_GIFT_WRAP } from "../nostr/kind.ts";
import type { Search } from "../nostr/search.ts";
import type { View } from "../nostr/visibility.ts";
import { both, type Marks } from "./marks.ts";
import type { SqlValue } from "./row.ts";

/**
 * What an event must have: one of the values. `#` is followed by a tag letter. `search` has one
 * value, what FTS5 is asked; it offers events, and whether they match is left to `matchFilter`.
 */
export interface Condition {
  readonly key: "id" | "pubkey" | "kind" | "search" | `#${string}`;
  readonly values: readonly (string | number)[];
}

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
  /** Whether no event can come up twice. */
  readonly isDistinct: boolean;
  /** How many rows of the index one statement should look at, at least and at most. */
  readonly minRows: number;
  readonly maxRows: number;
}

/** Stretches of an index that one statement may visit; longer lists are cut into several. */
const MAX_STRETCHES = 500;
/** Up to that many pairs, each author and kind are a stretch of their own. */
const MAX_PAIRS = 2_000;
/** Values that SQL may try on each row; what goes beyond is left to `matchFilter`. */
const MAX_TRIALS = 64;
/** One more than clients mostly ask for, and some, so that the first reading tells what is left. */
const MAX_ROWS = 512;
/** Finding the place to go on costs FTS5 more than the rows behind it. */
const MAX_SEARCH_ROWS = 2_000;
/** Where rows may be refused, fewer than that are not worth a statement. */
const MIN_ROWS = 100;
/** Stretches times rows. */
const MAX_WORK = 50_000;
/**
 * A sum, because SQLite plans for the value of a bare parameter here, and so compiles the statement
 * anew whenever another is bound: that takes longer than a short query.
 */
export const LIMIT = "LIMIT ? + 0";

export function conditionsOf({
  ids,
  authors,
  kinds,
  tags,
  allTags,
  search,
}: Filter): readonly Condition[] {
  const conditions: Condition[] = [];
  if (ids) conditions.push({ key: "id", values: [...ids] });
  if (authors) conditions.push({ key: "pubkey", values: [...authors] });
  if (kinds) conditions.push({ key: "kind", values: [...kinds] });
  for (const [letter, values] of tags) conditions.push({ key: `#${letter}`, values: [...values] });
  // Values that must all be there are conditions of their own.
  for (const [letter, values] of allTags ?? []) {
    const each = values.size === 0 ? [[]] : [...values].map((value) => [value]);
    for (const list of each) conditions.push({ key: `#${letter}`, values: list });
  }
  if (search) conditions.push({ key: "search", values: candidatesFor(search) });
  return conditions;
}

/** The indexes that can lead to the events; at least one. */
export function indexesFor(conditions: readonly Condition[]): readonly [Index, ...Index[]] {
  const find = (key: Condition["key"]) => conditions.filter((condition) => condition.key === key);
  const [ids, authors, kinds] = [find("id"), find("pubkey"), find("kind")];
  if (ids.length > 0) return [{ source: MARKED, conditions: ids }];
  const indexes: Index[] = conditions
    .filter(({ key }) => key.startsWith("#"))
    .map((condition) => ({ source: MARKED, conditions: [condition] }));
  if (authors.length > 0) indexes.push(byAuthor(authors, kinds));
  // Last, because others are cheaper to walk where they offer as many.
  indexes.push(...find("search").map((search) => ({ source: SEARCH, conditions: [search] })));
  const [first, ...others] = indexes;
  if (first) return [first, ...others];
  if (kinds.length > 0) return [{ source: MARKED, conditions: kinds }];
  return [{ source: "event", conditions: [] }];
}

const MARKED = "marked";
/**
 * The full-text index and what is still to enter it; in one statement, or an event could slip from
 * this to that unseen. The place of an event has the name that it has in all other indexes.
 */
const SEARCH =
  "(SELECT rowid AS seq FROM search WHERE search MATCH ? UNION ALL SELECT seq FROM unindexed)";

/**
 * What is wanted of an event: its text, its id, its author, how well it fits a search, or
 * nothing, to count it. SQL knows nothing of the fit, nor need it: no search is exact. In place of
 * a text that is so long that a slice of them would take much memory there is a zero.
 */
export type Content = "json" | "id" | "author" | "score" | "nothing";

/** Where canonical JSON has it: `{"id":"…","pubkey":"…"`. */
const AUTHOR = "substr(event.json, 84, 64)";

const MAX_SHORT = 8_192;

const COLUMNS: Readonly<Record<Content, string>> = {
  json: `CASE WHEN octet_length(json) <= ${MAX_SHORT} THEN json ELSE 0 END`,
  id: "substr(event.json, 8, 64)",
  author: AUTHOR,
  score: "json",
  nothing: "''",
};

/** What `isVisible` decides, as a question about one row of `event`. */
const IS_VISIBLE =
  "(event.expires_at IS NULL OR event.expires_at > ?) " +
  `AND (event.kind <> ${KIND_GIFT_WRAP} OR ${hasMark("IN (SELECT value FROM json_each(?))")})`;

/** The first parameters of a slice that has a view. */
export function viewParameters({ now, readers }: View, marks: Marks): readonly SqlValue[] {
  return [now, listOf([...readers].map((key) => marks.tag("p", key)))];
}

/**
 * The slices that together give the events, by way of one index. An event may come from several.
 * `content` is what the second column holds for a match; it is json wherever `matchFilter` must
 * still decide, and so it must everywhere if there is no `content`. `hasView`: only what {@link viewParameters} let through.
 */
export function slicesOf(
  conditions: readonly Condition[],
  index: Index,
  content: Content | undefined,
  hasView: boolean,
  marks: Marks,
): readonly Slice[] {
  if (conditions.some(({ values }) => values.length === 0)) return [];
  const others = conditions.filter((condition) => !index.conditions.includes(condition));
  const tried = affordable(others.filter(({ key }) => key !== "search"));
  const isSearch = index.source === SEARCH;
  const exact = content !== undefined && tried.length === others.length && !isSearch;
  const column = exact ? COLUMNS[content] : "json";
  const view: Fragment[] = hasView ? [{ sql: IS_VISIBLE, parameters: [] }] : [];
  const refine = and([...view, ...tried.map((condition) => onRow(condition, marks))]);
  const isByTag = index.conditions.some(({ key }) => key.startsWith("#"));
  return walksOf(index, marks).map((walk) => {
    const sql = sliceSql(walk, refine.sql, column);
    const parameters = [...refine.parameters, ...walk.parameters];
    const most = isSearch ? MAX_SEARCH_ROWS : MAX_ROWS;
    const maxRows = Math.min(most, Math.ceil(MAX_WORK / walk.stretches));
    return {
      sql,
      parameters,
      exact,
      // An event has one author and one kind, and may have several of the tags that are asked for.
      isDistinct: walk.stretches === 1 || !isByTag,
      minRows: others.length === 0 ? 1 : MIN_ROWS,
      maxRows,
    };
  });
}

/** Counts the rows that an index offers, up to a bound. Parameters as for a slice. */
export function probeOf(index: Index, marks: Marks): Fragment {
  const [walk = stretchesOf([])] = walksOf(index, marks);
  const sql = `SELECT count(*) FROM (SELECT 1 FROM ${bounded(walk)} ${LIMIT})`;
  return { sql, parameters: walk.parameters };
}

/** Events with all the words, in any order and place. No term at all is found nowhere. */
function candidatesFor({ terms }: Search): readonly string[] {
  const words = terms.flatMap((term) =>
    term.words.map((word, at) => {
      const isOpen = term.open && at === term.words.length - 1;
      return `"${word}"${isOpen ? "*" : ""}`;
    }),
  );
  return words.length === 0 ? [] : [[...new Set(words)].join(" AND ")];
}

function byAuthor(authors: readonly Condition[], kinds: readonly Condition[]): Index {
  const lists = [...authors, ...kinds];
  const pairs = lists.reduce((product, { values }) => product * values.length, 1);
  return { source: MARKED, conditions: pairs <= MAX_PAIRS ? lists : authors };
}

function sliceSql(walk: Walk, refine: string, column: string): string {
  const content = refine === "" ? column : `CASE WHEN ${refine} THEN ${column} END`;
  const join = content === COLUMNS.nothing ? "" : "CROSS JOIN event ON event.seq = found.seq ";
  return (
    `SELECT found.seq AS seq, ${content} AS content ` +
    `FROM (SELECT seq FROM ${bounded(walk)} ORDER BY seq DESC ${LIMIT}) AS found ` +
    `${join}ORDER BY found.seq DESC`
  );
}

function bounded({ sql }: Walk): string {
  return `${sql} AND seq <= ? AND seq >= ?`;
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

/** A part of an index that one statement walks: what stands behind FROM, up to a condition. */
interface Walk extends Fragment {
  readonly stretches: number;
}

function walksOf({ source, conditions }: Index, marks: Marks): readonly Walk[] {
  const [first] = conditions;
  const whole = `${source} WHERE TRUE`;
  if (first === undefined) return [{ sql: whole, parameters: [], stretches: 1 }];
  if (source === SEARCH) {
    return first.values.map((what) => ({ sql: whole, parameters: [what], stretches: 1 }));
  }
  const all = marksOf(conditions, marks);
  const walks: Walk[] = [];
  for (let at = 0; at < all.length; at += MAX_STRETCHES) {
    walks.push(stretchesOf(all.slice(at, at + MAX_STRETCHES)));
  }
  return walks;
}

function stretchesOf(marks: readonly bigint[]): Walk {
  const stretches = marks.length;
  const [only] = marks;
  if (stretches === 1 && only !== undefined) {
    return { sql: `${MARKED} WHERE mark = ?`, parameters: [only], stretches };
  }
  // SQLite would sort what IN has to look up; the place of an event may come up twice here instead.
  const sql = `json_each(?) AS wanted CROSS JOIN ${MARKED} ON mark = wanted.value WHERE TRUE`;
  return { sql, parameters: [listOf(marks)], stretches };
}

/** The marks of which an event has one, where it meets the conditions: one, or author and kind. */
function marksOf([first, second]: readonly Condition[], marks: Marks): readonly bigint[] {
  if (first === undefined) return [];
  const all = first.values.map((value) => markOf(first.key, value, marks));
  if (second === undefined) return all;
  const kinds = second.values.map((kind) => markOf(second.key, kind, marks));
  return all.flatMap((author) => kinds.map((kind) => both(author, kind)));
}

function markOf(key: Condition["key"], value: string | number, marks: Marks): bigint {
  if (typeof value === "number") return marks.kind(value);
  if (key === "id") return marks.id(value);
  if (key === "pubkey") return marks.author(value);
  return marks.tag(key.slice(1), value);
}

/** The condition as a question about one row of `event`. */
function onRow(condition: Condition, marks: Marks): Fragment {
  const { key, values } = condition;
  if (key.startsWith("#")) {
    const { sql, parameters } = among(marksOf([condition], marks));
    return { sql: hasMark(sql), parameters };
  }
  const { sql, parameters } = among(values);
  return { sql: `${key === "pubkey" ? AUTHOR : "event.kind"} ${sql}`, parameters };
}

function hasMark(among: string): string {
  return `EXISTS (SELECT 1 FROM marked WHERE mark ${among} AND seq = event.seq)`;
}

function among(values: readonly (string | number | bigint)[]): Fragment {
  const [only] = values;
  return values.length === 1 && only !== undefined
    ? { sql: "= ?", parameters: [only] }
    : { sql: "IN (SELECT value FROM json_each(?))", parameters: [listOf(values)] };
}

/** A JSON array. SQLite reads integers of 64 bits in it. */
function listOf(values: readonly (string | number | bigint)[]): string {
  const items = values.map((value) => (typeof value === "string" ? JSON.stringify(value) : value));
  return `[${items.join()}]`;
}

function and(fragments: readonly Fragment[]): Fragment {
  return {
    sql: fragments.map(({ sql }) => sql).join(" AND "),
    parameters: fragments.flatMap(({ parameters }) => parameters),
  };
}
