import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, it } from "node:test";
import Database from "better-sqlite3";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { EventStore } from "../../src/store.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";
import { filter, texts } from "./ask.ts";
import { storeConformance } from "./conformance.ts";

const folder = mkdtempSync(`${tmpdir()}/npubwire-store-`);
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => `${folder}/${files++}.sqlite`;

storeConformance("SqliteStore", () => openSqliteStore(newPath()));
storeConformance("SqliteStore in memory", () => openSqliteStore(":memory:"));

const everything = filter({});
const everyText = (store: EventStore) => texts(store, [everything]);

function numbered(length: number): readonly VerifiedEvent[] {
  return Array.from({ length }, (_, n) => madeUp({ created_at: n, tags: [["t", `${n}`]] }));
}

describe("durability", () => {
  it("keeps every event over a restart", async () => {
    const path = newPath();
    const events = numbered(700);
    const first = await openSqliteStore(path);
    await first.insert(events);
    await first.close();
    const second = await openSqliteStore(path);
    assert.deepEqual(await everyText(second), events.map(({ json }) => json).reverse());
    assert.deepEqual(await second.insert(events.slice(0, 2)), ["duplicate", "duplicate"]);
    await second.close();
  });

  it("keeps every acknowledged event when the process is killed", async () => {
    const path = newPath();
    const child = fork(new URL("./killed-writer.js", import.meta.url), [path]);
    const acknowledged: number[] = [];
    child.on("message", (n) => {
      acknowledged.push(Number(n));
      if (acknowledged.length === 20) child.kill("SIGKILL");
    });
    await once(child, "exit");
    assert.ok(acknowledged.length >= 20);
    const store = await openSqliteStore(path);
    const texts = new Set(await everyText(store));
    for (const n of acknowledged) assert.ok(texts.has(madeUp({ created_at: n }).json));
    await store.close();
  });

  it("syncs the log at every commit", async ({ mock }) => {
    const pragma = mock.method(Database.prototype, "pragma");
    const store = await openSqliteStore(newPath());
    const calls = pragma.mock.calls.map((call) => call.arguments[0]);
    assert.ok(calls.includes("journal_mode = WAL"));
    assert.ok(calls.includes("synchronous = FULL"));
    await store.close();
  });
});

describe("a failing batch", () => {
  it("rejects as a whole and leaves nothing behind", async () => {
    const path = newPath();
    const store = await openSqliteStore(path);
    const [profile, newer] = [1, 2].map((created_at) => madeUp({ kind: 0, created_at }));
    assert.ok(profile && newer);
    await store.insert([profile]);
    const saboteur = new Database(path);
    saboteur.exec(`CREATE TRIGGER sabotage AFTER INSERT ON event WHEN new.json LIKE '%poison%'
      BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`);
    const poison = madeUp({
      tags: [
        ["t", "a"],
        ["t", "poison"],
        ["t", "b"],
      ],
    });
    await assert.rejects(store.insert([...numbered(3), newer, poison]), /the disk is full/);
    assert.deepEqual(await everyText(store), [profile.json]);
    assert.deepEqual(counts(saboteur), { event: 1, marked: 4, address: 1 });

    saboteur.exec("DROP TRIGGER sabotage");
    saboteur.close();
    assert.deepEqual(await store.insert([poison, newer]), ["stored", "stored"]);
    assert.deepEqual(await everyText(store), [poison.json, newer.json]);
    await store.close();
  });

  it("rejects when another process holds the file for too long", async () => {
    const path = newPath();
    const store = await openSqliteStore(path, { busyTimeout: 1 });
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    await assert.rejects(store.insert(numbered(2)), { code: "SQLITE_BUSY" });
    other.exec("ROLLBACK");
    other.close();
    assert.deepEqual(await store.insert(numbered(2)), ["stored", "stored"]);
    await store.close();
  });

  it("answers what is stored although a vanishing is held up, and finishes that with a sweep", async () => {
    const path = newPath();
    const store = await openSqliteStore(path, { busyTimeout: 1 });
    await store.insert(numbered(1_000));
    const request = madeUp({ kind: 62, created_at: 1_000, tags: [["relay", "ALL_RELAYS"]] });
    const note = madeUp({ pubkey: key(2), created_at: 2_000 });
    const inserting = store.insert([note, request]);
    // Between the first slice of removals and the second one.
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    assert.deepEqual(await inserting, ["stored", "unfinished"]);
    assert.ok((await store.count([everything])) > 2);
    await assert.rejects(store.sweep(0), { code: "SQLITE_BUSY" });
    other.exec("ROLLBACK");
    other.close();
    await store.sweep(0);
    assert.deepEqual(await everyText(store), [note.json, request.json]);
    await store.close();
  });

  it("rejects after the store was closed", async () => {
    const store = await openSqliteStore(newPath());
    await store.close();
    await assert.rejects(store.insert(numbered(1)));
    await assert.rejects(everyText(store));
    await assert.rejects(store.count([everything]));
  });
});

it("long events come in smaller pages", async () => {
  const store = await openSqliteStore(newPath());
  const content = "x".repeat(2 ** 20);
  const events = Array.from({ length: 12 }, (_, n) => madeUp({ created_at: n, content }));
  await store.insert(events);
  const pages: number[] = [];
  for await (const page of store.query([everything])) pages.push(page.length);
  assert.deepEqual(pages, [4, 4, 4]);
  assert.equal(await store.count([everything]), 12);
  await store.close();
});

it("long and short events come in one order, whole", async () => {
  const store = await openSqliteStore(newPath());
  const events = Array.from({ length: 60 }, (_, n) =>
    madeUp({ created_at: n, content: "€".repeat(n % 3 === 0 ? 2_600 + n * 5 : n) }),
  );
  await store.insert(events);
  const expected = events.map(({ json }) => json).reverse();
  const view = { now: 0, readers: new Set<never>() };
  assert.deepEqual(await texts(store, [everything], view), expected);
  const guarded = filter({ kinds: new Set([1]), exceptKinds: new Set([2]) });
  assert.deepEqual(await texts(store, [guarded], view), expected);
  await store.close();
});

describe("those who vanish", () => {
  const vanish = madeUp({ kind: 62, created_at: 10_000, tags: [["relay", "ALL_RELAYS"]] });
  const secret = "nobody must read this again";
  const secrets = Array.from({ length: 700 }, (_, n) =>
    madeUp({
      created_at: n,
      kind: n % 5 === 0 ? 30_000 : 1,
      content: `${secret} ${n} ${"x".repeat((n % 40) * 400)}`,
      tags: [["d", `${secret} ${n}`]],
    }),
  );
  const others = (from: number) =>
    Array.from({ length: 300 }, (_, n) => madeUp({ pubkey: key(2 + n), content: `${from + n}` }));

  const occurrences = (path: string) =>
    readdirSync(folder)
      .filter((name) => `${folder}/${name}`.startsWith(path))
      .map((name) => readFileSync(`${folder}/${name}`).toString("latin1").split(secret).length - 1)
      .reduce((sum, count) => sum + count, 0);

  it("leave nothing in the files", async () => {
    const path = newPath();
    const store = await openSqliteStore(path);
    for (let at = 0; at < secrets.length; at += 70) {
      await store.insert([...secrets.slice(at, at + 70), ...others(at)]);
    }
    assert.ok(occurrences(path) > 700);
    await store.insert([vanish]);
    assert.equal(occurrences(path), 0);
    const database = new Database(path, { readonly: true });
    assert.deepEqual(counts(database), { event: 3001, marked: 4 * 3001, address: 0 });
    assert.equal(database.pragma("integrity_check", { simple: true }), "ok");
    database.close();
    await store.close();
  });

  it("are not said to have left the log as long as somebody keeps it", async () => {
    const path = newPath();
    const store = await openSqliteStore(path, { busyTimeout: 1 });
    const expiring = madeUp({ pubkey: key(2), tags: [["expiration", "5"]] });
    await store.insert([...secrets, expiring]);
    const reader = new Database(path);
    reader.exec("BEGIN; SELECT count(*) FROM event");
    assert.deepEqual(await store.insert([vanish]), ["unfinished"]);
    await assert.rejects(store.sweep(5), { code: "SQLITE_BUSY" });
    assert.deepEqual(await everyText(store), [vanish.json]); // what has expired is gone, too
    await (await openSqliteStore(path, { busyTimeout: 1 })).close();
    assert.ok(occurrences(path) > 0);
    reader.exec("COMMIT");
    reader.close();
    await store.sweep(0);
    assert.equal(occurrences(path), 0);
    await store.close();
  });

  it("are gone at the next start when the process ended half way", async () => {
    const path = newPath();
    const first = await openSqliteStore(path);
    await first.insert(secrets);
    const saboteur = new Database(path);
    saboteur.exec(`CREATE TRIGGER sabotage BEFORE DELETE ON event WHEN old.kind = 30000
      BEGIN SELECT RAISE(ABORT, 'the power is out'); END`);
    assert.deepEqual(await first.insert([vanish]), ["unfinished"]);
    await first.close();
    saboteur.exec("DROP TRIGGER sabotage");
    saboteur.close();
    assert.ok(occurrences(path) > 0);
    const second = await openSqliteStore(path);
    assert.deepEqual(await everyText(second), [vanish.json]);
    assert.equal(occurrences(path), 0);
    await second.close();
  });
});

it("what expires during a long scan is not shown any more", async () => {
  const store = await openSqliteStore(newPath());
  const tags = [["expiration", "5"]];
  await store.insert(Array.from({ length: 1200 }, (_, n) => madeUp({ created_at: n, tags })));
  const view = { now: 4, readers: new Set<never>() };
  const pages: number[] = [];
  for await (const page of store.query([everything], view)) {
    pages.push(page.length);
    view.now = 5;
  }
  assert.deepEqual(
    pages.filter((length) => length > 0),
    [512],
  );
  await store.close();
});

describe("rows", () => {
  it("leave no trace of a replaced version", async () => {
    const path = newPath();
    const store = await openSqliteStore(path);
    for (let created_at = 0; created_at < 5; created_at++) {
      const tags = [
        ["d", "x"],
        ["t", `${created_at}`],
        ["t", "\0"],
        ["p", "ab".repeat(32)],
      ];
      await store.insert([madeUp({ kind: 30_000, created_at, tags })]);
    }
    const database = new Database(path, { readonly: true });
    assert.deepEqual(counts(database), { event: 1, marked: 8, address: 1 });
    database.close();
    await store.close();
  });

  it("stay sound with two stores on one file", async () => {
    const path = newPath();
    const stores = [await openSqliteStore(path), await openSqliteStore(path)];
    for (const event of numbered(40)) {
      const outcomes = await Promise.all(stores.map((store) => store.insert([event])));
      assert.deepEqual(outcomes.flat(), ["stored", "duplicate"]);
    }
    for (const store of stores) assert.equal(await store.count([everything]), 40);
    for (const store of stores) await store.close();
    const database = new Database(path, { readonly: true });
    assert.equal(database.pragma("integrity_check", { simple: true }), "ok");
    database.close();
  });
});

function counts(database: Database.Database): Readonly<Record<string, unknown>> {
  const tables = ["event", "marked", "address"];
  return Object.fromEntries(
    tables.map((table) => [table, database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()]),
  );
}
