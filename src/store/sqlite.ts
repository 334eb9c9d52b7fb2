/**
 * Events in a SQLite file, by way of better-sqlite3: one connection writes, another reads. What was
 * answered as `stored` has been synced to the disk.
 */

import type { Database, Options } from "better-sqlite3";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { EventId, PublicKey } from "../nostr/key.ts";
import { KIND_VANISH } from "../nostr/kind.ts";
import type { View } from "../nostr/visibility.ts";
import type {
  EventStore,
  ExportOrder,
  InsertOutcome,
  Place,
  Remainder,
  StoredFilter,
} from "../store.ts";
import { Eraser } from "./erase.ts";
import { StoreError } from "./error.ts";
import { exportEvents } from "./export.ts";
import { migrate } from "./migrate.ts";
import { EventReader } from "./read.ts";
import { SearchIndex } from "./search-index.ts";
import { EventTable } from "./table.ts";
import { EventWriter } from "./write.ts";

export interface SqliteStoreOptions {
  /** Page cache of each of the two connections, in MiB. */
  readonly cacheSize?: number;
  /** How long to wait for another process that writes to the file, in milliseconds. */
  readonly busyTimeout?: number;
  /**
   * Whether words are indexed, so that filters may have `search`; otherwise none must. `as found`
   * goes on with an index that is there, and neither makes nor drops one.
   */
  readonly search?: boolean | "as found";
}

const DEFAULT_CACHE_SIZE = 64;
const DEFAULT_BUSY_TIMEOUT = 5000;

/**
 * Opens the file, creates it if there is none, and brings it up to date.
 *
 * @throws {StoreError} if better-sqlite3 cannot be loaded, or the file is of a newer version.
 */
export async function openSqliteStore(
  path: string,
  options: SqliteStoreOptions = {},
): Promise<EventStore> {
  const open = await loadDriver();
  const { cacheSize = DEFAULT_CACHE_SIZE, busyTimeout: timeout = DEFAULT_BUSY_TIMEOUT } = options;
  const databases: Database[] = [];
  try {
    const writer = open(path, { timeout });
    databases.push(writer);
    // Only a file without tables still takes a page size, and only before it turns to WAL.
    writer.pragma("page_size = 8192");
    writer.pragma("journal_mode = WAL");
    writer.pragma("synchronous = FULL");
    writer.pragma("wal_autocheckpoint = 10000");
    writer.pragma("secure_delete = ON");
    migrate(writer);
    const search = openSearch(writer, options.search ?? true);
    // A database in memory is seen by its own connection alone.
    const reader = writer.memory ? writer : open(path, { timeout, readonly: true });
    databases.push(reader);
    for (const database of databases) database.pragma(`cache_size = ${-1024 * cacheSize}`);
    const table = new EventTable(writer, search);
    table.mark();
    // The last process may have ended half way.
    await new Eraser(writer, table).finishVanishing();
    return new SqliteStore(writer, reader, table);
  } catch (error) {
    for (const database of databases) database.close();
    throw error;
  }
}

class SqliteStore implements EventStore {
  readonly #databases: readonly Database[];
  readonly #writer: EventWriter;
  readonly #eraser: Eraser;
  readonly #reader: EventReader;
  readonly #exported: Database;

  constructor(writer: Database, reader: Database, table: EventTable) {
    this.#databases = [reader, writer];
    this.#writer = new EventWriter(writer, table);
    this.#eraser = new Eraser(writer, table);
    this.#reader = new EventReader(reader);
    this.#exported = reader;
  }

  async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    const outcomes = this.#writer.insert(events);
    if (events.some(({ kind }) => kind === KIND_VANISH)) await this.#eraser.finishVanishing();
    return outcomes;
  }

  async remove(ids: readonly EventId[]): Promise<number> {
    return this.#eraser.remove(ids);
  }

  async sweep(now: number): Promise<number> {
    return this.#eraser.sweep(now);
  }

  query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<readonly string[], Remainder, undefined> {
    return this.#reader.query(filters, view);
  }

  locate(filters: readonly Filter[], view?: View): AsyncIterable<readonly Place[]> {
    return this.#reader.locate(filters, view);
  }

  count(filters: readonly Filter[], view?: View): Promise<number> {
    return this.#reader.count(filters, view);
  }

  authors(filters: readonly Filter[], view?: View): AsyncIterable<readonly PublicKey[]> {
    return this.#reader.authors(filters, view);
  }

  export(filters: readonly Filter[], order: ExportOrder): AsyncIterable<readonly string[]> {
    return exportEvents(this.#exported, filters, order);
  }

  async close(): Promise<void> {
    // The writer last: closing the last connection folds the log into the file.
    for (const database of this.#databases) database.close();
  }
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
