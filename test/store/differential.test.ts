import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { compareWithReference } from "./differential.ts";

test("SqliteStore answers as MemoryStore does", async () => {
  const folder = mkdtempSync(`${tmpdir()}/npubwire-differential-`);
  try {
    for (let seed = 1; seed <= 8; seed++) {
      const store = await openSqliteStore(`${folder}/${seed}.sqlite`);
      await compareWithReference(store, { seed, events: 150, batch: 7 * seed, questions: 60 });
      await store.close();
    }
    const threaded = await openSqliteStore(`${folder}/threaded.sqlite`, { threads: 2 });
    await compareWithReference(threaded, { seed: 10, events: 300, batch: 50, questions: 60 });
    await threaded.close();
    const store = await openSqliteStore(`${folder}/long.sqlite`);
    await compareWithReference(store, { seed: 9, events: 2000, batch: 256, questions: 40 });
    await store.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
