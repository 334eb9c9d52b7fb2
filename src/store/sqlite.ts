/**
 * Events in a SQLite file, by way of better-sqlite3: one connection writes, others read, here or in
 * threads of their own. What was answered as `stored` has been synced to the disk.
 */

import type { VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { EventId, PublicKey } from "../nostr/key.ts";
import type { Texts } from "../nostr/packed-texts.ts";
import type { View } from "../nostr/visibility.ts";
import type {
  EventStore,
  ExportOrder,
  InsertOutcome,
  Place,
  Remainder,
  StoredFilter,
} from "../store.ts";
import {
  type ConnectionOptions,
  openReader,
  openWriter,
  type StoreReader,
  type StoreWriter,
  sqliteReader,
} from "./connection.ts";
import { openThreadedHalves } from "./threaded.ts";

export interface SqliteStoreOptions extends ConnectionOptions {
  /**
   * Threads that read; with any, one more writes, and the calling thread never waits for the disk
   * or for another process. 0: everything in the calling thread.
   */
  readonly threads?: number;
}

/**
 * Opens the file, creates it if there is none, and brings it up to date.
 *
 * @throws {StoreError} if better-sqlite3 cannot be loaded, or the file is of a newer version.
 */
export async function openSqliteStore(
  path: string,
  { threads = 0, ...options }: SqliteStoreOptions = {},
): Promise<EventStore> {
  // A database in memory is seen by its own connection alone.
  if (threads > 0 && path !== ":memory:") {
    const halves = await openThreadedHalves(path, options, threads);
    return new SqliteStore(halves.writer, halves.reader);
  }
  const writer = await openWriter(path, options);
  try {
    const isShared = writer.database.memory;
    const reader = isShared ? sqliteReader(writer.database) : await openReader(path, options);
    return new SqliteStore(writer, reader);
  } catch (error) {
    await writer.close();
    throw error;
  }
}

class SqliteStore implements EventStore {
  readonly #writer: StoreWriter;
  readonly #reader: StoreReader;

  constructor(writer: StoreWriter, reader: StoreReader) {
    this.#writer = writer;
    this.#reader = reader;
  }

  insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    return this.#writer.insert(events);
  }

  remove(ids: readonly EventId[]): Promise<number> {
    return this.#writer.remove(ids);
  }

  sweep(now: number): Promise<number> {
    return this.#writer.sweep(now);
  }

  query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<Texts, Remainder, undefined> {
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
    return this.#reader.export(filters, order);
  }

  async close(): Promise<void> {
    await this.#reader.close();
    // The writer last: closing the last connection folds the log into the file.
    await this.#writer.close();
  }
}
