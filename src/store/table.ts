/**
 * One event in SQLite and everything that stands with it: its row, marks, address and words. What is
 * removed is really removed; `PRAGMA secure_delete` zeroes what it held.
 */

import type { Database, Statement } from "better-sqlite3";
import type { EventAddress } from "../nostr/deletion.ts";
import { identifierOf, idOfJson, type NostrEvent } from "../nostr/event.ts";
import { expirationOf } from "../nostr/expiration.ts";
import type { EventId } from "../nostr/key.ts";
import { hasVersions } from "../nostr/kind.ts";
import { MarkTable } from "./mark-table.ts";
import { Marks } from "./marks.ts";
import {
  type EventAndText,
  fromJson,
  highestSeq,
  lowestSeq,
  type SqlValue,
  seqOf,
  toSql,
} from "./row.ts";
import type { SearchIndex } from "./search-index.ts";

export interface StoredEvent {
  readonly seq: bigint;
  readonly event: NostrEvent;
}

/** To be used inside a transaction. */
export class EventTable {
  readonly marks: Marks;
  readonly #database: Database;
  readonly #insertEvent: Statement<SqlValue[]>;
  readonly #deleteEvent: Statement<SqlValue[]>;
  readonly #findMarked: Statement<SqlValue[]>;
  readonly #jsonAt: Statement<SqlValue[]>;
  readonly #isDisplaced: Statement<SqlValue[]>;
  readonly #displace: Statement<SqlValue[]>;
  readonly #forgetDisplaced: Statement<SqlValue[]>;
  readonly #findVersion: Statement<SqlValue[]>;
  readonly #setVersion: Statement<SqlValue[]>;
  readonly #deleteVersion: Statement<SqlValue[]>;
  readonly #marked: MarkTable;
  readonly #search: SearchIndex | undefined;
  #added = 0;

  /** With an index, what is added can be searched. */
  constructor(database: Database, search?: SearchIndex) {
    this.#database = database;
    this.marks = new Marks(database);
    this.#marked = new MarkTable(database, this.marks);
    this.#search = search;
    const prepare = (sql: string) => database.prepare<SqlValue[]>(sql);
    this.#insertEvent = prepare(
      "INSERT OR IGNORE INTO event (seq, kind, expires_at, json) VALUES (?, ?, ?, ?)",
    );
    this.#deleteEvent = prepare("DELETE FROM event WHERE seq = ?");
    this.#findMarked = prepare(
      "SELECT seq, json FROM marked CROSS JOIN event USING (seq) WHERE mark = ?",
    );
    this.#findMarked.raw().safeIntegers();
    this.#jsonAt = prepare("SELECT json FROM event WHERE seq = ?").pluck();
    this.#isDisplaced = prepare("SELECT 1 FROM displaced WHERE id = ?");
    this.#displace = prepare("INSERT INTO displaced (id) VALUES (?)");
    this.#forgetDisplaced = prepare("DELETE FROM displaced WHERE id = ?");
    this.#findVersion = prepare(
      "SELECT seq, json FROM address CROSS JOIN event USING (seq) " +
        "WHERE address.pubkey = ? AND address.kind = ? AND address.identifier = ?",
    )
      .raw()
      .safeIntegers();
    this.#setVersion = prepare(
      "INSERT OR REPLACE INTO address (pubkey, kind, identifier, seq) VALUES (?, ?, ?, ?)",
    );
    this.#deleteVersion = prepare(
      "DELETE FROM address WHERE pubkey = ? AND kind = ? AND identifier = ? AND seq = ?",
    );
  }

  /** Returns false if the event is there already. Of events with versions, there must be no other. */
  add(event: EventAndText): boolean {
    const seq = this.#addRow(event);
    if (seq === undefined) return false;
    this.#marked.add(seq, event);
    if (hasVersions(event.kind)) this.#setVersion.run(...addressColumns(addressOf(event)), seq);
    this.#search?.add(seq, event);
    this.#added += 1;
    return true;
  }

  /** To be called at the end of each batch. */
  settle(): void {
    this.#marked.settle(this.#added);
    this.#added = 0;
  }

  find(id: EventId): StoredEvent | undefined {
    const rows = this.#findMarked.all(this.marks.id(id)) as readonly StoredRow[];
    return stored(rows.find(([, json]) => idOfJson(json) === id));
  }

  /** The current version at an address. */
  findVersion(address: EventAddress): StoredEvent | undefined {
    const row = this.#findVersion.get(...addressColumns(address));
    return stored(row as StoredRow | undefined);
  }

  remove({ event, seq }: StoredEvent): void {
    this.#marked.remove(seq, event);
    this.#deleteEvent.run(seq);
    if (seq !== seqOf(event)) this.#forgetDisplaced.run(event.id);
    if (hasVersions(event.kind)) this.#deleteVersion.run(...addressColumns(addressOf(event)), seq);
  }

  /** Marks all events, where an older program has left them without. */
  mark(): void {
    const next = this.#database.prepare("SELECT seq, json FROM event WHERE seq > ? LIMIT 1");
    next.raw().safeIntegers();
    const isComplete = this.#database.prepare("SELECT is_complete FROM mark_state").pluck();
    this.#database
      .transaction(() => {
        if (isComplete.get() === 1) return;
        for (let row = next.get(-1); row !== undefined; ) {
          const [seq, json] = row as StoredRow;
          const event = fromJson(json);
          if (seq !== seqOf(event)) this.#displace.run(event.id);
          this.#marked.add(seq, event);
          this.#marked.settle(1);
          row = next.get(seq);
        }
        this.#database.exec("UPDATE mark_state SET is_complete = 1");
      })
      .immediate();
  }

  #addRow(event: EventAndText): bigint | undefined {
    const { id, kind, json } = event;
    if (this.#isDisplaced.get(id) !== undefined) return undefined;
    const wanted = seqOf(event);
    const expiresAt = expirationOf(event) ?? null;
    if (this.#insertEvent.run(wanted, kind, expiresAt, json).changes === 1) return wanted;
    if (idOfJson(String(this.#jsonAt.get(wanted))) === id) return undefined;
    for (const seq of seqsBeside(wanted, event.created_at)) {
      if (this.#insertEvent.run(seq, kind, expiresAt, json).changes === 0) continue;
      this.#displace.run(id);
      return seq;
    }
    throw new Error(`no seq is left in second ${event.created_at}`);
  }
}

export function addressOf(event: NostrEvent): EventAddress {
  return { kind: event.kind, pubkey: event.pubkey, identifier: identifierOf(event) };
}

export function addressColumns({ pubkey, kind, identifier }: EventAddress): readonly SqlValue[] {
  return [toSql(pubkey), kind, toSql(identifier)];
}

type StoredRow = readonly [seq: bigint, json: string];

function stored(row: StoredRow | undefined): StoredEvent | undefined {
  return row && { seq: row[0], event: fromJson(row[1]) };
}

/**
 * Where an event goes whose place is taken: the free one nearest below, then above. Ids of one second
 * can be made to agree in 30 bits, and neither event may be lost. Among such twins the earlier
 * arrival comes first.
 */
function* seqsBeside(wanted: bigint, second: number): Generator<bigint, void, undefined> {
  for (let seq = wanted - 1n; seq >= lowestSeq(second); seq--) yield seq;
  for (let seq = wanted + 1n; seq <= highestSeq(second); seq++) yield seq;
}
