import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import Database from "better-sqlite3";
import { PackedTexts } from "../../src/nostr/packed-texts.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { type Page, type Role, Thread } from "../../src/store/thread.ts";
import { madeUp } from "../nostr/arbitrary.ts";
import { filter, texts } from "./ask.ts";
import { storeConformance } from "./conformance.ts";

const folder = mkdtempSync(`${tmpdir()}/npubwire-threads-`);
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => `${folder}/${files++}.sqlite`;

storeConformance("SqliteStore in threads", () => openSqliteStore(newPath(), { threads: 1 }));

const numbered = (length: number, tags: readonly (readonly string[])[] = []) =>
  Array.from({ length }, (_, n) => madeUp({ created_at: n, tags }));

function startedThread(path: string, role: Role["role"] = "writer") {
  const started: Worker[] = [];
  const thread = new Thread({ role, path, options: {} }, (workerData) => {
    const worker = new Worker(new URL("../../src/store/worker.js", import.meta.url), {
      workerData,
    });
    started.push(worker);
    return worker;
  });
  return { thread, started };
}

describe("a thread of the store", () => {
  it("that dies fails what it was asked, and a new one goes on", async () => {
    const { thread, started } = startedThread(newPath());
    await thread.open();
    const insert = (n: number) =>
      thread.ask({ what: "insert", texts: [madeUp({ created_at: n }).json] });
    assert.deepEqual(await insert(1), ["stored"]);
    void started[0]?.terminate();
    const failure = { name: "StoreError", code: "ERR_STORE_THREAD", message: /writer thread/ };
    await assert.rejects(insert(2), failure);
    assert.deepEqual(await insert(1), ["duplicate"]);
    assert.equal(started.length, 2);
    await thread.close();
  });

  it("says why it cannot open the file", async () => {
    const path = newPath();
    const database = new Database(path);
    database.pragma("user_version = 9999");
    database.close();
    const refusal = { name: "StoreError", code: "ERR_STORE_NEWER", message: /update the program/ };
    await assert.rejects(openSqliteStore(path, { threads: 1 }), refusal);
    const { thread, started } = startedThread(path);
    await assert.rejects(thread.open(), refusal);
    await assert.rejects(thread.close(), refusal);
    assert.equal(started[0]?.threadId, -1); // it has ended
  });

  it("answers nothing after it was closed", async () => {
    const { thread, started } = startedThread(newPath());
    await thread.open();
    await thread.close();
    await thread.close();
    await assert.rejects(thread.open(), /closed/);
    assert.equal(started.length, 1);
  });

  it("reads no further than it is asked, and forgets a scan that is stopped", async () => {
    const path = newPath();
    const store = await openSqliteStore(path);
    await store.insert(numbered(3000));
    const { thread } = startedThread(path, "reader");
    const id = thread.nextId();
    const scan = { of: "query", filters: [filter({})] } as const;
    const first = await thread.ask<Page>({ what: "scan", scan }, id);
    assert.equal(first.isLast, false);
    thread.tell({ what: "stop", scan: id });
    const lost = { name: "StoreError", code: "ERR_STORE_THREAD" };
    await assert.rejects(thread.ask({ what: "next", scan: id }), lost);
    await thread.close();
    await store.close();
  });
});

describe("a store in threads", () => {
  it("never lets the calling thread wait for another process", async () => {
    const path = newPath();
    const store = await openSqliteStore(path, { threads: 1, busyTimeout: 600_000 });
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    let outcomes: readonly string[] | undefined;
    const insertion = store.insert(numbered(1)).then((all) => {
      outcomes = all;
    });
    for (let n = 0; n < 10; n++) {
      assert.deepEqual(await texts(store, [filter({ limit: 1 })]), []);
      assert.deepEqual(await texts(store, [filter({})]), []);
      await turn();
    }
    assert.equal(outcomes, undefined);
    other.exec("ROLLBACK");
    other.close();
    await insertion;
    assert.deepEqual(outcomes, ["stored"]);
    await store.close();
  });

  it("passes on why a batch was refused", async () => {
    const path = newPath();
    const store = await openSqliteStore(path, { threads: 1, busyTimeout: 1 });
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    await assert.rejects(store.insert(numbered(2)), { code: "SQLITE_BUSY" });
    other.exec("ROLLBACK");
    other.close();
    assert.deepEqual(await store.insert(numbered(2)), ["stored", "stored"]);
    await store.close();
    await assert.rejects(store.insert(numbered(1)));
    await assert.rejects(texts(store, [filter({})]));
    await assert.rejects(store.count([filter({})]));
  });

  it("shows nothing that has expired, also of what was read ahead", async () => {
    const store = await openSqliteStore(newPath(), { threads: 1 });
    await store.insert(numbered(1500, [["expiration", "5"]]));
    const view = { now: 4, readers: new Set<never>() };
    const pages: number[] = [];
    for await (const page of store.query([filter({})], view)) {
      pages.push(page.length);
      view.now = 5;
    }
    assert.deepEqual(
      pages.filter((length) => length > 0),
      [512],
    );
    await store.close();
  });
});

describe("an answer's memory goes", () => {
  for (const threads of [0, 1]) {
    it(`with ${threads} threads: as soon as it was sent, and no other`, async () => {
      const store = await openSqliteStore(newPath(), { threads });
      const all = numbered(1500);
      await store.insert(all);
      const expected = all.map(({ json }) => json).reverse();
      const seen: string[] = [];
      const sizes: (readonly [before: number, after: number])[] = [];
      for await (const page of store.query([filter({})])) {
        assert.ok(page instanceof PackedTexts);
        seen.push(...page);
        const before = page.bytes.length;
        page.release();
        sizes.push([before, page.bytes.length]);
        // What has gone is gone: nothing of another answer ever stands there.
        if (before > 0 && page.bytes.length === 0) assert.deepEqual([...page], []);
      }
      assert.deepEqual(seen, expected);
      assert.ok(sizes.filter(([before, after]) => before > 16_384 && after === 0).length > 1);
      assert.ok(sizes.every(([before, after]) => after === 0 || before < 16_384));
      // Of more than was asked for, the beginning.
      for await (const page of store.query([filter({ limit: 200 })])) {
        assert.ok(page instanceof PackedTexts);
        assert.deepEqual([...page], expected.slice(0, 200));
        page.release();
        assert.equal(page.bytes.length, 0);
      }
      await store.close();
    });
  }
});
