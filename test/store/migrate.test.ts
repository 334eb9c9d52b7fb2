import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, it } from "node:test";
import Database from "better-sqlite3";
import { migrate } from "../../src/store/migrate.ts";
import { seqOf } from "../../src/store/row.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { madeUp } from "../nostr/arbitrary.ts";
import { ask } from "./ask.ts";

const shipped = new URL("../../../migrations/sqlite/", import.meta.url);

describe("migrations", () => {
  let folder: string;
  let database: Database.Database;

  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/npubwire-migrate-`);
    database = new Database(`${folder}/events.sqlite`);
  });

  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, sql: string) => writeFileSync(`${folder}/${name}`, sql);
  const version = () => database.pragma("user_version", { simple: true });
  const tables = () =>
    database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();

  it("bring a fresh database to the newest schema, once", () => {
    migrate(database);
    const newest = version();
    assert.ok(Number(newest) >= 1);
    // FTS5 keeps the index `search` in tables of its own, search_….
    const ours = tables().filter((name) => !/^search_(?!state)/.test(String(name)));
    assert.deepEqual(ours, [
      "deleted_id",
      "deleted_address",
      "vanished",
      "address",
      "search",
      "search_state",
      "ruling",
      "marked_fresh",
      "marked_settled",
      "mark_state",
      "event",
      "displaced",
      "unindexed",
    ]);
    migrate(database);
    assert.equal(version(), newest);
  });

  it("are numbered without gaps", () => {
    const names = readdirSync(shipped).sort();
    for (const [index, name] of names.entries()) {
      assert.ok(name.startsWith(`${String(index + 1).padStart(4, "0")}-`), name);
    }
  });

  it("are applied in order, and only those that are missing", () => {
    write("0001-a.sql", "CREATE TABLE a (n); INSERT INTO a VALUES (1);");
    migrate(database, folder);
    write("0002-b.sql", "UPDATE a SET n = n + 1; CREATE TABLE b (n);");
    write("0010-c.sql", "UPDATE a SET n = n * 10; DROP TABLE b;");
    write("README.md", "not a migration");
    migrate(database, folder);
    assert.equal(version(), 10);
    assert.deepEqual(tables(), ["a"]);
    assert.equal(database.prepare("SELECT n FROM a").pluck().get(), 20);
  });

  it("leave the old state when one fails half way", () => {
    write("0001-a.sql", "CREATE TABLE a (n);");
    write("0002-b.sql", "CREATE TABLE b (n); INSERT INTO a VALUES (1); SELECT nonsense;");
    assert.throws(() => migrate(database, folder), /nonsense/);
    assert.equal(version(), 1);
    assert.deepEqual(tables(), ["a"]);
    assert.equal(database.prepare("SELECT count(*) FROM a").pluck().get(), 0);

    write("0002-b.sql", "CREATE TABLE b (n);");
    migrate(database, folder);
    assert.deepEqual(tables(), ["a", "b"]);
  });

  it("keep every event of a database without marks", async () => {
    const old = `${folder}/migrations`;
    mkdirSync(old);
    for (const name of readdirSync(shipped).sort().slice(0, 3)) {
      copyFileSync(new URL(name, shipped), `${old}/${name}`);
    }
    migrate(database, old);
    const tags = [["t", "a"]];
    const [first, second] = [madeUp({ created_at: 1, tags }), madeUp({ created_at: 2, kind: 7 })];
    const insert = database.prepare(
      "INSERT INTO event (seq, id, pubkey, kind, json) VALUES (?, ?, ?, ?, ?)",
    );
    for (const [event, off] of [
      [first, 0n],
      [second, 1n],
    ] as const) {
      const [id, pubkey] = [Buffer.from(event.id, "hex"), Buffer.from(event.pubkey, "hex")];
      insert.run(seqOf(event) - off, id, pubkey, event.kind, event.json);
    }

    const store = await openSqliteStore(`${folder}/events.sqlite`);
    assert.deepEqual(await ask(store, {}), [second.id, first.id]);
    assert.deepEqual(await ask(store, { tags: new Map([["t", new Set(["a"])]]) }), [first.id]);
    assert.deepEqual(await ask(store, { authors: new Set([second.pubkey]), kinds: new Set([7]) }), [
      second.id,
    ]);
    for (const { id } of [first, second])
      assert.deepEqual(await ask(store, { ids: new Set([id]) }), [id]);
    // The second stands beside its place.
    assert.deepEqual(await store.insert([second, first]), ["duplicate", "duplicate"]);
    await store.close();
  });

  it("refuse a database of a newer program", async () => {
    migrate(database);
    database.pragma("user_version = 9999");
    const refusal = { name: "StoreError", code: "ERR_STORE_NEWER", message: /update the program/ };
    assert.throws(() => migrate(database), refusal);
    await assert.rejects(openSqliteStore(`${folder}/events.sqlite`), refusal);
    assert.equal(version(), 9999);
  });
});
