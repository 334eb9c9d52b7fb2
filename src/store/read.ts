/** The reading half of the SQLite store: chooses an index for each filter, then runs its scans. */

import type { Database } from "better-sqlite3";
import { type Filter, matchFilter, timeRange } from "../nostr/filter.ts";
import { isEventId, isPublicKey, type PublicKey } from "../nostr/key.ts";
import type { Texts } from "../nostr/packed-texts.ts";
import { MAX_RANKED, rank, scoreOf } from "../nostr/search.ts";
import { isVisible, narrowFilter, type View } from "../nostr/visibility.ts";
import type { Place, Remainder, StoredFilter } from "../store.ts";
import { Cursor, newestFirst, Quota, type Reading, type Row, type Scan } from "./cursor.ts";
import { Marks } from "./marks.ts";
import {
  type PackableScan,
  type PackedRow,
  packedNewestFirst,
  packedReading,
  packedSql,
} from "./packed.ts";
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
import { Statements } from "./statements.ts";

/** Indexes that are compared before one is chosen, and how many rows of each are counted. */
const MAX_PROBES = 4;
const PROBE_ROWS = 500;
/** Length of the texts at which one reading stops, so that memory stays bounded. */
const MAX_READ_LENGTH = 4 * 2 ** 20;
/** The same where each text has to be understood, so that others are not kept waiting. */
const MAX_DECIDED_LENGTH = 2 ** 18;
const TEXT_AT = "SELECT json FROM event WHERE seq = ?";
/** Up to that many, events are read one by one: putting them together takes as long as it spares. */
const MIN_PACKED = 64;

export class EventReader {
  readonly #marks: Marks;
  readonly #statements: Statements;
  readonly #packed: Statements;

  constructor(database: Database) {
    this.#marks = new Marks(database);
    this.#statements = new Statements(database);
    this.#packed = new Statements(database, packedSql);
  }

  /** See `EventStore.query`. */
  async *query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<Texts, Remainder, undefined> {
    const told = new Set<bigint>();
    const remainders: Remainder[] = [];
    for (const filter of filters) {
      if (filter.search) remainders.push(yield* this.#mostRelevant(filter, view, told));
    }
    const others = filters.filter(({ search }) => search === undefined);
    if (others.length > 0) remainders.push(yield* this.#newest(others, view, told));
    return remainders.length < 2 ? (remainders[0] ?? "finish") : together(remainders);
  }

  async *#newest(
    filters: readonly StoredFilter[],
    view: View | undefined,
    told: ReadonlySet<bigint>,
  ): AsyncGenerator<Texts, Remainder, undefined> {
    const asked = filters.flatMap((filter) => {
      const quota = new Quota(filter.limit, filter.surplus);
      return this.#scans(filter, "json", view).map((scan) => ({ filter, scan, quota }));
    });
    const [only, ...others] = asked;
    if (only && others.length + told.size === 0 && pays(only.filter) && isPackable(only.scan)) {
      return yield* packedNewestFirst(only.scan, only.filter);
    }
    const pages = newestFirst(asked.map(({ scan, quota }) => new Cursor(scan, quota)));
    for (;;) {
      const page = await pages.next();
      if (page.done) return page.value;
      const fresh = told.size === 0 ? page.value : page.value.filter(([seq]) => !told.has(seq));
      yield fresh.map(([, json]) => json);
    }
  }

  /** Ranks the newest matches by their scores, then fetches the best. Adds to what was told. */
  async *#mostRelevant(
    filter: StoredFilter,
    view: View | undefined,
    told: Set<bigint>,
  ): AsyncGenerator<Texts, Remainder, undefined> {
    const matches: { readonly seq: bigint; readonly score: number }[] = [];
    const pages = newestFirst(this.#cursors(filter, "score", new Quota(MAX_RANKED), view));
    let page = await pages.next();
    for (; !page.done; page = await pages.next()) {
      for (const [seq, score] of page.value) matches.push({ seq, score: Number(score) });
      yield []; // the caller may have enough of it
    }
    const best = rank(matches).slice(0, filter.limit);
    for (const { seq } of best) {
      if (told.has(seq)) continue;
      told.add(seq);
      const json = this.#textAt(seq);
      // It may have expired, or been replaced by another, while the others were taken.
      if (json !== null && (!view || isVisible(fromJson(json), view))) yield [json];
    }
    return best.length < matches.length ? "more" : page.value;
  }

  /** See `EventStore.locate`. */
  async *locate(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly Place[], void, undefined> {
    const cursors = filters.flatMap((filter) =>
      this.#cursors(filter, "id", new Quota(filter.limit), view),
    );
    for await (const page of newestFirst(cursors)) {
      yield page.flatMap(([seq, id]) => (isEventId(id) ? [{ created_at: secondOf(seq), id }] : []));
    }
  }

  /** See `EventStore.count`. */
  async count(filters: readonly Filter[], view?: View): Promise<number> {
    const cursors = filters.flatMap((filter) =>
      this.#cursors(filter, "nothing", new Quota(), view),
    );
    let count = 0;
    for await (const page of newestFirst(cursors)) count += page.length;
    return count;
  }

  /** See `EventStore.authors`. */
  async *authors(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly PublicKey[], void, undefined> {
    const cursors = filters.flatMap((filter) => this.#cursors(filter, "author", new Quota(), view));
    for await (const page of newestFirst(cursors)) {
      yield page.map(([, author]) => author).filter(isPublicKey);
    }
  }

  #cursors(
    filter: Filter,
    content: Content,
    quota: Quota,
    view: View | undefined,
  ): readonly Cursor[] {
    return this.#scans(filter, content, view).map((scan) => new Cursor(scan, quota));
  }

  #scans(
    filter: Filter,
    content: Content,
    view: View | undefined,
  ): readonly (Scan | PackableScan)[] {
    const { since, until } = timeRange(filter);
    if (since > until) return [];
    const range = { from: highestSeq(until), to: lowestSeq(since) };
    const conditions = conditionsOf(view ? narrowFilter(filter, view) : filter);
    if (conditions.some(({ values }) => values.length === 0)) return [];
    const index = this.#chooseIndex(conditions, range);
    // No index knows what is not to be shown: that takes a look at every event.
    const answered = filter.exceptKinds ? undefined : content;
    return slicesOf(conditions, index, answered, view !== undefined, this.#marks).map((slice) => {
      const { sql, exact, isDistinct, minRows, maxRows } = slice;
      const parametersAt = (from: bigint, rows: number): readonly SqlValue[] => {
        // Asked at each reading: what expires during a long scan is not shown any more.
        const seen = view ? viewParameters(view, this.#marks) : [];
        return [...seen, ...slice.parameters, from, range.to, rows];
      };
      const read: Scan["read"] = (from, rows) => {
        const statement = this.#statements.for(sql);
        const parameters = parametersAt(from, rows);
        if (exact) return this.#gather(statement.all(...parameters) as Found[], rows);
        return decide(statement.iterate(...parameters) as Iterable<Row>, rows, filter, content);
      };
      const scan = { ...range, minRows, maxRows, read };
      if (!exact || !isDistinct || content !== "json") return scan;
      const pack: PackableScan["pack"] = (from, rows) => {
        const statement = this.#packed.for(sql);
        return packedReading(statement.get(...parametersAt(from, rows)) as PackedRow);
      };
      return { ...scan, pack };
    });
  }

  /** Ends the reading early where texts are long: these come one by one. */
  #gather(found: readonly Found[], rows: number): Reading {
    const isLast = found.length < rows;
    if (!found.some(isLong)) return { rows: found as readonly Row[], isLast };
    const gathered: Row[] = [];
    let length = 0;
    for (const [seq, content] of found) {
      const text = typeof content === "bigint" ? this.#textAt(seq) : content;
      gathered.push([seq, text]);
      length += text?.length ?? 0;
      if (length >= MAX_READ_LENGTH) return { rows: gathered, isLast: false };
    }
    return { rows: gathered, isLast };
  }

  /** null if the event has been deleted since its place was read. */
  #textAt(seq: bigint): string | null {
    const [json = null] = (this.#statements.for(TEXT_AT).get(seq) ?? []) as readonly string[];
    return json;
  }

  /** The one that offers the fewest rows; the first of equals. */
  #chooseIndex(conditions: readonly Condition[], { from, to }: Pick<Scan, "from" | "to">): Index {
    const [first, ...others] = indexesFor(conditions);
    if (others.length === 0) return first;
    let best = first;
    let fewest = Number.POSITIVE_INFINITY;
    for (const index of [first, ...others].slice(0, MAX_PROBES)) {
      const { sql, parameters } = probeOf(index, this.#marks);
      const [offered] = this.#statements.for(sql).get(...parameters, from, to, PROBE_ROWS) as [
        bigint,
      ];
      if (offered < fewest) [best, fewest] = [index, Number(offered)];
    }
    return best;
  }
}

/** Whether so much may come that packing it pays. */
function pays({ limit = Number.POSITIVE_INFINITY }: StoredFilter): boolean {
  return limit > MIN_PACKED;
}

function isPackable(scan: Scan | PackableScan): scan is PackableScan {
  return "pack" in scan;
}

/** A row of an exact slice. */
type Found = readonly [seq: bigint, content: string | null | bigint];

function isLong([, content]: Found): boolean {
  return typeof content === "bigint";
}

/** What SQL left open, `matchFilter` decides. */
function decide(found: Iterable<Row>, rows: number, filter: Filter, content: Content): Reading {
  const gathered: Row[] = [];
  let length = 0;
  for (const [seq, json] of found) {
    gathered.push([seq, json && decided(json, filter, content)]);
    length += json?.length ?? 0;
    if (length >= MAX_DECIDED_LENGTH) return { rows: gathered, isLast: false };
  }
  return { rows: gathered, isLast: gathered.length < rows };
}

/** What is wanted of the event; null if it does not match. */
function decided(json: string, filter: Filter, content: Content): string | null {
  const event = fromJson(json);
  if (!matchFilter(filter, event)) return null;
  if (content === "id") return event.id;
  if (content === "author") return event.pubkey;
  return content === "score" && filter.search ? `${scoreOf(filter.search, event)}` : json;
}

/** What several answers leave together: one may hold what another has left. */
function together(remainders: readonly Remainder[]): Remainder {
  return remainders.every((remainder) => remainder === "finish") ? "finish" : "unknown";
}
