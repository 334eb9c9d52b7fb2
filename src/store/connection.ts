/**
 * The two halves of a SQLite store, each with a connection of its own to the file: the one writer,
 * and readers, which never wait for it. Both may live in any thread.
 */

import type { Database, Options } from "better-sqlite3";
import type { EventId } from "../nostr/key.ts";
import { KIND_VANISH } from "../nostr/kind.ts";
import { type EventStore, type InsertOutcome, isLocked } from "../store.ts";
import { CatchUp } from "./catch-up.ts";
import { Eraser } from "./erase.ts";
import { StoreError } from "./error.ts";
import { exportEvents } from "./export.ts";
import { migrate } from "./migrate.ts";
import { EventReader } from "./read.ts";
import type { EventAndText } from "./row.ts";
import { SearchIndex } from "./search-index.ts";
import { EventTable } from "./table.ts";
import { EventWriter } from "./write.ts";

export interface ConnectionOptions {
  /** Page cache of each connection, in MiB. */
  readonly cacheSize?: number;
  /** How long to wait for another process that writes to the file, in milliseconds. */
  readonly busyTimeout?: number;
  /**
   * Whether words are indexed, so that filters may have `search`; otherwise none must. `as found`
   * goes on with an index that is there, and neither makes nor drops one.
   */
  readonly search?: boolean | "as found";
}

/** What of an `EventStore` writes. Its events need not be branded: they come from one that checks. */
export interface StoreWriter extends Pick<EventStore, "remove" | "sweep" | "close"> {
  insert(events: readonly EventAndText[]): Promise<readonly InsertOutcome[]>;
}

/** What of an `EventStore` reads. */
export type StoreReader = Omit<EventStore, "insert" | "remove" | "sweep">;

const DEFAULT_CACHE_SIZE = 64;
const DEFAULT_BUSY_TIMEOUT = 5000;
/** As much as SQLite maps at the most. */
const MAPPED_BYTES = 0x7fff0000;

/**
 * Opens the file for writing, creates it if there is none, and brings it up to date.
 *
 * @throws {StoreError} if better-sqlite3 cannot be loaded, or the file is of a newer version.
 */
export async function openWriter(
  path: string,
  options: ConnectionOptions = {},
): Promise<SqliteWriter> {
  const database = await connect(path, options, false);
  try {
    // Only a file without tables still takes a page size, and only before it turns to WAL.
    database.pragma("page_size = 8192");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("wal_autocheckpoint = 10000");
    database.pragma("secure_delete = ON");
    migrate(database);
    const search = openSearch(database, options.search ?? true);
    const table = new EventTable(database, search);
    table.mark();
    const writer = new SqliteWriter(database, table, search && new CatchUp(search));
    // The last process may have ended half way. Where somebody is in the way, a sweep will do.
    await writer.finishVanishing().catch((error: unknown) => {
      if (!isLocked(error)) throw error;
    });
    return writer;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens a file that a writer has brought up to date. */
export async function openReader(
  path: string,
  options: ConnectionOptions = {},
): Promise<StoreReader> {
  const database = await connect(path, options, true);
  // Most of what is read lies scattered, and each page outside the cache would be a system call.
  database.pragma(`mmap_size = ${MAPPED_BYTES}`);
  return sqliteReader(database);
}

export class SqliteWriter implements StoreWriter {
  readonly database: Database;
  readonly #writer: EventWriter;
  readonly #eraser: Eraser;
  readonly #catchUp: CatchUp | undefined;

  constructor(database: Database, table: EventTable, catchUp: CatchUp | undefined) {
    this.database = database;
    this.#catchUp = catchUp;
    this.#writer = new EventWriter(database, table);
    this.#eraser = new Eraser(database, table);
  }

  async insert(events: readonly EventAndText[]): Promise<readonly InsertOutcome[]> {
    const outcomes = this.#writer.insert(events);
    this.#catchUp?.wrote(events.length);
    if (!events.some(isVanish)) return outcomes;
    try {
      await this.finishVanishing();
      return outcomes;
    } catch {
      // The whole batch is stored all the same; the next sweep says why this does not go on, if it does not.
      return outcomes.map((outcome, i) => (isVanish(events[i]) ? "unfinished" : outcome));
    }
  }

  async remove(ids: readonly EventId[]): Promise<number> {
    return this.#eraser.remove(ids);
  }

  async sweep(now: number): Promise<number> {
    const removed = this.#eraser.sweep(now);
    // Last: whoever keeps the log does not keep what has expired.
    await this.finishVanishing();
    return removed;
  }

  async finishVanishing(): Promise<void> {
    await this.#eraser.finishVanishing();
  }

  async close(): Promise<void> {
    this.#catchUp?.stop();
    this.database.close();
  }
}

function isVanish(event: EventAndText | undefined): boolean {
  return event?.kind === KIND_VANISH;
}

/** A reader on a connection that is open. */
export function sqliteReader(database: Database): StoreReader {
  const reader = new EventReader(database);
  return {
    query: (filters, view) => reader.query(filters, view),
    locate: (filters, view) => reader.locate(filters, view),
    count: (filters, view) => reader.count(filters, view),
    authors: (filters, view) => reader.authors(filters, view),
    export: (filters, order) => exportEvents(database, filters, order),
    close: async () => void database.close(),
  };
}

async function connect(
  path: string,
  { cacheSize = DEFAULT_CACHE_SIZE, busyTimeout = DEFAULT_BUSY_TIMEOUT }: ConnectionOptions,
  readonly: boolean,
): Promise<Database> {
  const open = await loadDriver();
  const database = open(path, { timeout: busyTimeout, readonly });
  database.pragma(`cache_size = ${-1024 * cacheSize}`);
  return database;
}

/** The index, complete; where there is to be none, what it held is forgotten. */
function openSearch(database: Database, isWanted: boolean | "as found"): SearchIndex | undefined {
  const index = new SearchIndex(database);
  if (isWanted === "as found") return index.isComplete ? index : undefined;
  if (isWanted) index.complete();
  else index.clear();
  return isWanted ? index : undefined;
}

type Open = (path: string, options: Options) => Database;

async function loadDriver(): Promise<Open> {
  try {
    const { default: Driver } = await import("better-sqlite3");
    // The native part is loaded by the first database, not by the import.
    new Driver(":memory:").close();
    return (path, options) => new Driver(path, options);
  } catch (cause) {
    throw new StoreError(
      "ERR_STORE_DRIVER",
      "better-sqlite3 cannot be loaded; `npm install better-sqlite3@~12.11` installs it for this " +
        "version of Node (it compiles where no prebuilt binary fits, which needs a C++ compiler)",
      { cause },
    );
  }
}
