/**
 * A database with many events, filled straight through the store and kept for the next run, under a
 * name that changes with the events and with the schema. Each relay gets a copy.
 */

import { createHash } from "node:crypto";
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { progress } from "../progress.ts";
import type { BenchOptions } from "../suite.ts";
import { keptFolder } from "./kept.ts";
import { EventSeries, GENERATOR_VERSION } from "./series.ts";

/** As `server/database.ts` names it. */
const FILE = "events.sqlite";
const BATCH = 1_000;

type Place = Pick<BenchOptions, "data" | "seed">;

/** Puts a copy with the last `events` before event 0 into the folder. Takes minutes the first time. */
export async function fillDatabase(folder: string, events: number, options: Place): Promise<void> {
  const kept = await keptDatabase(events, options);
  mkdirSync(folder, { recursive: true });
  copyFileSync(kept, join(folder, FILE), constants.COPYFILE_FICLONE);
}

async function keptDatabase(events: number, { data, seed }: Place): Promise<string> {
  const name = `database-${GENERATOR_VERSION}-${seed}-${events}-${schemaName()}.sqlite`;
  const path = join(keptFolder(data), name);
  if (existsSync(path)) return path;
  mkdirSync(keptFolder(data), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await fill(unfinished, events, new EventSeries(seed, createNodeCrypto()));
  renameSync(unfinished, path);
  return path;
}

async function fill(path: string, events: number, series: EventSeries): Promise<void> {
  rmSync(path, { force: true });
  const store = await openSqliteStore(path, { search: true });
  try {
    for (let start = 0; start < events; start += BATCH) {
      const count = Math.min(BATCH, events - start);
      await store.insert(
        Array.from({ length: count }, (_, index) => series.unsigned(start + index - events)),
      );
      progress(`filling a database for this run and the next ones: ${start + count} of ${events}`);
    }
  } finally {
    // Folds the log into the file, which is then whole by itself.
    await store.close();
  }
}

/** Other migrations, other name. */
function schemaName(): string {
  const folder = fileURLToPath(new URL("../../../../migrations/sqlite", import.meta.url));
  const hash = createHash("sha256");
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 8);
}
