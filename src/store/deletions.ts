/**
 * What the SQLite store was asked to delete: carries it out and remembers it, so that nothing of it
 * comes back (NIP-09, NIP-62). To be used inside a transaction.
 */

import type { Database, Statement } from "better-sqlite3";
import { type Deletion, isDeletable, ownersOf } from "../nostr/deletion.ts";
import type { PublicKey } from "../nostr/key.ts";
import { hasVersions, KIND_VANISH } from "../nostr/kind.ts";
import { type EventAndText, type SqlValue, toSql } from "./row.ts";
import { addressColumns, addressOf, type EventTable } from "./table.ts";

export class Deletions {
  readonly #table: EventTable;
  readonly #findVanished: Statement<SqlValue[]>;
  readonly #findAny: Statement<SqlValue[]>;
  readonly #findAddress: Statement<SqlValue[]>;
  readonly #rememberId: Statement<SqlValue[]>;
  readonly #rememberAddress: Statement<SqlValue[]>;
  readonly #rememberVanished: Statement<SqlValue[]>;

  constructor(database: Database, table: EventTable) {
    const prepare = (sql: string) => database.prepare<SqlValue[]>(sql);
    const vanished = "SELECT 1 FROM vanished WHERE pubkey = ? AND until >= ?";
    this.#table = table;
    this.#findVanished = prepare(vanished);
    this.#findAny = prepare(
      `${vanished} UNION ALL SELECT 1 FROM deleted_id WHERE pubkey = ? AND id = ?`,
    );
    this.#findAddress = prepare(
      "SELECT 1 FROM deleted_address WHERE pubkey = ? AND kind = ? AND identifier = ? AND until >= ?",
    );
    this.#rememberId = prepare("INSERT OR IGNORE INTO deleted_id (pubkey, id) VALUES (?, ?)");
    this.#rememberAddress = prepare(
      "INSERT INTO deleted_address (pubkey, kind, identifier, until) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
    );
    this.#rememberVanished = prepare(
      "INSERT INTO vanished (pubkey, until, is_pending) VALUES (?, ?, 1) " +
        "ON CONFLICT DO UPDATE SET until = max(until, excluded.until), is_pending = 1",
    );
  }

  /** Whether somebody whose word counts wants this event gone. */
  forbid(event: EventAndText): boolean {
    const { kind, created_at } = event;
    if (kind === KIND_VANISH) return false;
    const id = toSql(event.id);
    for (const owner of ownersOf(event)) {
      const who = toSql(owner);
      const found = isDeletable(kind)
        ? this.#findAny.get(who, created_at, who, id)
        : this.#findVanished.get(who, created_at);
      if (found !== undefined) return true;
    }
    if (!hasVersions(kind)) return false;
    return this.#findAddress.get(...addressColumns(addressOf(event)), created_at) !== undefined;
  }

  apply({ author, ids, addresses, until }: Deletion): void {
    for (const id of ids) {
      this.#rememberId.run(toSql(author), toSql(id));
      const target = this.#table.find(id);
      if (target && isDeletable(target.event.kind) && ownersOf(target.event).includes(author)) {
        this.#table.remove(target);
      }
    }
    for (const address of addresses) {
      this.#rememberAddress.run(...addressColumns(address), until);
      const version = this.#table.findVersion(address);
      if (version && version.event.created_at <= until) this.#table.remove(version);
    }
  }

  /** Only remembers; the {@link Eraser} removes what is there. */
  vanish(pubkey: PublicKey, until: number): void {
    this.#rememberVanished.run(toSql(pubkey), until);
  }
}
