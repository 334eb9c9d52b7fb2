import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, it } from "node:test";
import Database from "better-sqlite3";
import { parseSearch } from "../../src/nostr/search.ts";
import { SearchIndex } from "../../src/store/search-index.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { EventStore } from "../../src/store.ts";
import { madeUp } from "../nostr/arbitrary.ts";
import { ask } from "./ask.ts";
import { searching } from "./conformance-search.ts";

describe("the full-text index", () => {
  let folder: string;
  let store: EventStore;
  const open = async (search?: boolean) => {
    store = await openSqliteStore(
      `${folder}/events.sqlite`,
      search === undefined ? {} : { search },
    );
  };
  const sql = (run: (database: Database.Database) => unknown) => {
    const database = new Database(`${folder}/events.sqlite`);
    const result = run(database);
    database.close();
    return result;
  };
  const waiting = () =>
    sql((database) => database.prepare("SELECT count(*) FROM unindexed").pluck().get());
  const catchUp = () => sql((database) => new SearchIndex(database).catchUp(1_000));
  const hits = (word: string) => {
    catchUp();
    return sql((database) =>
      database.prepare("SELECT count(*) FROM search WHERE search MATCH ?").pluck().get(`"${word}"`),
    );
  };
  const find = (query: string) => {
    const search = parseSearch(query);
    assert.ok(search.ok && search.value);
    return ask(store, { search: search.value });
  };

  beforeEach(async () => {
    folder = mkdtempSync(`${tmpdir()}/npubwire-search-`);
    await open();
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("holds no text, and nothing of events that are not for reading", async () => {
    await store.insert([
      madeUp({ content: "Readable words" }),
      madeUp({ kind: 4, content: "sealed" }),
    ]);
    assert.equal(hits("readable"), 1);
    assert.equal(hits("sealed"), 0);
    const text = sql((database) => database.prepare("SELECT words FROM search").pluck().all());
    assert.deepEqual(text, [null]);
  });

  it("loses the words of whatever row is deleted", async () => {
    const old = madeUp({ kind: 0, created_at: 1, content: '{"name":"before"}' });
    await store.insert([old, madeUp({ content: "before" })]);
    assert.equal(hits("before"), 2);
    await store.insert([madeUp({ kind: 0, created_at: 2, content: '{"name":"after"}' })]);
    assert.equal(hits("before"), 1);
    sql((database) => database.prepare("DELETE FROM event").run());
    assert.equal(hits("before"), 0);
    assert.equal(hits("after"), 0);
  });

  it("is asked together with what is not in it yet", async () => {
    const [one, two, other] = [
      madeUp({ created_at: 1, content: "needle one" }),
      madeUp({ created_at: 2, content: "needle two" }),
      madeUp({ created_at: 3, content: "hay" }),
    ];
    await store.insert([one]);
    catchUp();
    await store.insert([two, other]);
    assert.equal(waiting(), 2);
    assert.deepEqual(await find("needle"), [two.id, one.id]);
    await store.remove([two.id]);
    assert.deepEqual(await find("needle"), [one.id]);
  });

  it("catches up after a restart, when nothing is written", async () => {
    await store.insert(Array.from({ length: 300 }, (_, n) => madeUp({ content: `needle ${n}` })));
    assert.equal(waiting(), 300);
    await store.close();
    await open();
    while (waiting() !== 0) await new Promise((later) => setTimeout(later, 1));
    assert.equal(hits("needle"), 300);
  });

  it("is dropped where search is switched off, and made again where it is on", async () => {
    const [one, two] = [madeUp({ content: "needle one" }), madeUp({ content: "needle two" })];
    await store.insert([one]);
    await store.close();
    await open(false);
    assert.equal(hits("needle"), 0);
    await store.insert([two, madeUp({ kind: 4, content: "needle" })]);
    assert.equal(hits("needle"), 0);
    await store.close();
    await open(true);
    assert.equal(hits("needle"), 2);
    assert.deepEqual(new Set(await find("needle")), new Set([one.id, two.id]));
  });

  it("is made anew when the words of this program are others", async () => {
    await store.insert([madeUp({ content: "needle" })]);
    await store.close();
    const damage =
      "UPDATE search_state SET version = 0; INSERT INTO search (search) VALUES ('delete-all')";
    sql((database) => database.exec(damage));
    await open();
    assert.equal(hits("needle"), 1);
    assert.equal((await find("needle")).length, 1);
  });

  describe("that is up to date", () => {
    // The conformance suite asks for what is not indexed yet; here it is.
    searching((title, run) =>
      it(title, async () => {
        const insert = store.insert.bind(store);
        store.insert = async (events) => {
          const outcomes = await insert(events);
          catchUp();
          return outcomes;
        };
        await run(store);
      }),
    );
  });
});
