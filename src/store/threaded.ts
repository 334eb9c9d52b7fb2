/**
 * The halves of a SQLite store in threads: one writes, the others read what takes long. What an index
 * answers at once is read here, by a connection that waits for nobody: a thread would cost more.
 */

import type { Filter } from "../nostr/filter.ts";
import type { EventId, PublicKey } from "../nostr/key.ts";
import type { Texts } from "../nostr/packed-texts.ts";
import type { View } from "../nostr/visibility.ts";
import type { ExportOrder, InsertOutcome, Place, Remainder, StoredFilter } from "../store.ts";
import {
  type ConnectionOptions,
  openReader,
  type StoreReader,
  type StoreWriter,
} from "./connection.ts";
import { OwnedTexts } from "./owned-texts.ts";
import type { EventAndText } from "./row.ts";
import { type Page, type Scan, Thread } from "./thread.ts";

/** Up to so much is read in the calling thread: events, and places where an index is entered for them. */
const MAX_HERE = 128;

/** Opens the file as `openSqliteStore` does, with so many threads that read. */
export async function openThreadedHalves(
  path: string,
  options: ConnectionOptions,
  threads: number,
): Promise<{ readonly writer: StoreWriter; readonly reader: StoreReader }> {
  const writer = new Thread({ role: "writer", path, options });
  const readers = Array.from(
    { length: threads },
    () => new Thread({ role: "reader", path, options }),
  );
  try {
    // Before all others: it brings the file up to date.
    await writer.open();
    await Promise.all(readers.map((reader) => reader.open()));
    const here = await openReader(path, options);
    return { writer: new ThreadedWriter(writer), reader: new ThreadedReader(readers, here) };
  } catch (error) {
    await Promise.all([writer, ...readers].map((thread) => thread.close().catch(() => {})));
    throw error;
  }
}

class ThreadedWriter implements StoreWriter {
  readonly #thread: Thread;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  insert(events: readonly EventAndText[]): Promise<readonly InsertOutcome[]> {
    return this.#thread.ask({ what: "insert", texts: events.map(({ json }) => json) });
  }

  remove(ids: readonly EventId[]): Promise<number> {
    return this.#thread.ask({ what: "remove", ids });
  }

  sweep(now: number): Promise<number> {
    return this.#thread.ask({ what: "sweep", now });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

class ThreadedReader implements StoreReader {
  readonly #threads: readonly Thread[];
  readonly #here: StoreReader;

  constructor(threads: readonly Thread[], here: StoreReader) {
    this.#threads = threads;
    this.#here = here;
  }

  query(
    filters: readonly StoredFilter[],
    view?: View,
  ): AsyncGenerator<Texts, Remainder, undefined> {
    return isSmall(filters)
      ? this.#here.query(filters, view)
      : this.#scan({ of: "query", filters }, view);
  }

  async *locate(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly Place[], void, undefined> {
    for await (const page of this.#scan({ of: "locate", filters }, view)) {
      yield [...page].map(placeOf);
    }
  }

  count(filters: readonly Filter[], view?: View): Promise<number> {
    return this.#idlest().ask({ what: "count", filters, ...snapshot(view) });
  }

  async *authors(
    filters: readonly Filter[],
    view?: View,
  ): AsyncGenerator<readonly PublicKey[], void, undefined> {
    for await (const page of this.#scan({ of: "authors", filters }, view)) {
      yield [...page] as PublicKey[];
    }
  }

  async *export(
    filters: readonly Filter[],
    order: ExportOrder,
  ): AsyncGenerator<readonly string[], void, undefined> {
    for await (const page of this.#scan({ of: "export", filters, order })) yield [...page];
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
    await this.#here.close();
  }

  /** One page is asked for at a time, so that whoever reads slowly holds up the scan alone. */
  async *#scan(scan: Scan, view?: View): AsyncGenerator<Texts, Remainder, undefined> {
    const thread = this.#idlest();
    const id = thread.nextId();
    let isOpen = true;
    try {
      const first = { ...scan, ...snapshot(view) };
      let page = await thread.ask<Page>({ what: "scan", scan: first }, id);
      for (; ; page = await thread.ask<Page>({ what: "next", scan: id, ...snapshot(view) })) {
        isOpen = !page.isLast;
        const texts = textsOf(page);
        if (isOpen || texts.length > 0) yield texts;
        if (page.isLast) return page.remainder ?? "finish";
      }
    } finally {
      if (isOpen) thread.tell({ what: "stop", scan: id });
    }
  }

  #idlest(): Thread {
    const [first, ...others] = this.#threads;
    if (!first) throw new Error("a threaded store has a thread");
    return others.reduce((idlest, thread) => (thread.load < idlest.load ? thread : idlest), first);
  }
}

/** Whether an index leads to all of it, and it is not much. */
function isSmall(filters: readonly StoredFilter[]): boolean {
  let cost = 0;
  for (const { ids, authors, kinds, tags, allTags, limit, search } of filters) {
    if (search !== undefined) return false;
    cost += Math.min(ids?.size ?? Number.POSITIVE_INFINITY, limit ?? Number.POSITIVE_INFINITY);
    cost += (authors?.size ?? 1) * (kinds?.size ?? 1);
    for (const values of tags.values()) cost += values.size;
    for (const values of allTags?.values() ?? []) cost += values.size;
  }
  return cost <= MAX_HERE;
}

/** A view may change; threads see it as it was when they were asked. */
function snapshot(view: View | undefined): { readonly view?: View } {
  return view ? { view: { now: view.now, readers: new Set(view.readers) } } : {};
}

function textsOf({ texts }: Page): Texts {
  return "ends" in texts ? new OwnedTexts(texts.bytes, texts.ends) : texts;
}

function placeOf(text: string): Place {
  return { id: text.slice(0, 64) as EventId, created_at: Number(text.slice(64)) };
}
