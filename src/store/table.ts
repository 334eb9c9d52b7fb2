/**
 * One event in SQLite and everything that stands with it: its row, tags, address and words. What is
 * removed is really removed; `PRAGMA secure_delete` zeroes what it held.
 */

import type { Database, Statement } from "better-sqlite3";
import type { EventAddress } from "../nostr/deletion.ts";
import { identifierOf, indexedTags, type NostrEvent, type VerifiedEvent } from "../nostr/event.ts";
import { expirationOf } from "../nostr/expiration.ts";
import type { EventId } from "../nostr/key.ts";
import { hasVersions } from "../nostr/kind.ts";
import { fromJson, highestSeq, lowestSeq, type SqlValue, seqOf, toSql } from "./row.ts";
import type { SearchIndex } from "./search-index.ts";

export interface StoredEvent {
  readonly seq: bigint;
  readonly event: NostrEvent;
}

/** To be used inside a transaction. */
export class EventTable {
  readonly #insertEvent: Statement<SqlValue[]>;
  readonly #deleteEvent: Statement<SqlValue[]>;
  readonly #findId: Statement<SqlValue[]>;
  readonly #insertTag: Statement<SqlValue[]>;
  readonly #deleteTag: Statement<SqlValue[]>;
  readonly #findVersion: Statement<SqlValue[]>;
  readonly #setVersion: Statement<SqlValue[]>;
  readonly #deleteVersion: Statement<SqlValue[]>;
  readonly #search: SearchIndex | undefined;

  /** With an index, what is added can be searched. */
  constructor(database: Database, search?: SearchIndex) {
    this.#search = search;
    const prepare = (sql: string) => database.prepare<SqlValue[]>(sql);
    this.#insertEvent = prepare(
      "INSERT INTO event (seq, id, pubkey, kind, expires_at, json) VALUES (?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT DO NOTHING",
    );
    this.#deleteEvent = prepare("DELETE FROM event WHERE seq = ?");
    this.#findId = prepare("SELECT seq, json FROM event WHERE id = ?").raw().safeIntegers();
    this.#insertTag = prepare("INSERT INTO tag (name, value, seq) VALUES (?, ?, ?)");
    this.#deleteTag = prepare("DELETE FROM tag WHERE name = ? AND value = ? AND seq = ?");
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
  add(event: VerifiedEvent): boolean {
    const seq = this.#addRow(event);
    if (seq === undefined) return false;
    for (const [name, value] of indexedTags(event)) this.#insertTag.run(name, toSql(value), seq);
    if (hasVersions(event.kind)) this.#setVersion.run(...addressColumns(addressOf(event)), seq);
    this.#search?.add(seq, event);
    return true;
  }

  find(id: EventId): StoredEvent | undefined {
    return stored(this.#findId.get(toSql(id)));
  }

  /** The current version at an address. */
  findVersion(address: EventAddress): StoredEvent | undefined {
    return stored(this.#findVersion.get(...addressColumns(address)));
  }

  remove({ event, seq }: StoredEvent): void {
    for (const [name, value] of indexedTags(event)) this.#deleteTag.run(name, toSql(value), seq);
    this.#deleteEvent.run(seq);
    if (hasVersions(event.kind)) this.#deleteVersion.run(...addressColumns(addressOf(event)), seq);
  }

  #addRow(event: VerifiedEvent): bigint | undefined {
    const id = toSql(event.id);
    const pubkey = toSql(event.pubkey);
    const expiresAt = expirationOf(event) ?? null;
    for (const seq of seqsFor(event)) {
      const row = [seq, id, pubkey, event.kind, expiresAt, event.json];
      if (this.#insertEvent.run(...row).changes === 1) return seq;
      if (this.#findId.get(id) !== undefined) return undefined;
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

function stored(row: unknown): StoredEvent | undefined {
  if (row === undefined) return undefined;
  const [seq, json] = row as readonly [bigint, string];
  return { seq, event: fromJson(json) };
}

/**
 * The place that the event asks for, then the free one nearest below, then above: ids of one second
 * can be made to agree in 30 bits, and neither event may be lost. Among such twins the earlier
 * arrival comes first.
 */
function* seqsFor(event: VerifiedEvent): Generator<bigint, void, undefined> {
  const wanted = seqOf(event);
  for (let seq = wanted; seq >= lowestSeq(event.created_at); seq--) yield seq;
  for (let seq = wanted + 1n; seq <= highestSeq(event.created_at); seq++) yield seq;
}
