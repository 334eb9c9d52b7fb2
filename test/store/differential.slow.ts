import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { compareWithReference, type Dose } from "./differential.ts";

const doses: readonly [title: string, stores: number, dose: Omit<Dose, "seed">][] = [
  ["many small stores", 200, { events: 150, batch: 16, questions: 200 }],
  ["stores of many slices", 10, { events: 5000, batch: 256, questions: 200 }],
];

for (const [title, stores, dose] of doses) {
  test(`SqliteStore answers as MemoryStore does: ${title}`, async () => {
    const folder = mkdtempSync(`${tmpdir()}/npubwire-differential-`);
    try {
      for (let seed = 1000; seed < 1000 + stores; seed++) {
        const store = await openSqliteStore(`${folder}/${seed}.sqlite`);
        await compareWithReference(store, { seed, ...dose });
        await store.close();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
