/**
 * Brings a SQLite database to the schema of this program: applies `migrations/sqlite/NNNN-name.sql`
 * in order, each in a transaction of its own. `PRAGMA user_version` is the number of the last one.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Database } from "better-sqlite3";
import { StoreError } from "./error.ts";

/** Applies what is missing. Throws {@link StoreError} if the database is newer than `folder`. */
export function migrate(database: Database, folder: string = migrationsFolder()): void {
  const migrations = readMigrations(folder);
  const applied = schemaVersion(database);
  const newest = migrations.at(-1)?.version ?? 0;
  if (applied > newest) {
    throw new StoreError(
      "ERR_STORE_NEWER",
      `the database ${database.name} has schema ${applied}, this program knows up to ${newest}: ` +
        "update the program, or start with another data folder",
    );
  }
  for (const { version, path } of migrations) {
    if (version > applied) apply(database, version, readFileSync(path, "utf8"));
  }
}

interface Migration {
  readonly version: number;
  readonly path: string;
}

function readMigrations(folder: string): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .map((name) => ({ version: Number(name.slice(0, 4)), path: `${folder}/${name}` }))
    .sort((a, b) => a.version - b.version);
}

function apply(database: Database, version: number, sql: string): void {
  const run = database.transaction(() => {
    // Asked again inside the transaction: another process may have been faster.
    if (schemaVersion(database) >= version) return;
    database.exec(sql);
    database.pragma(`user_version = ${version}`);
  });
  run.immediate();
}

function schemaVersion(database: Database): number {
  return Number(database.pragma("user_version", { simple: true }));
}

/** The folder lies beside `dist/` in a checkout and in the package alike, and beside `src/`. */
function migrationsFolder(): string {
  const candidates = ["../../../migrations/sqlite", "../../migrations/sqlite"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const folder = candidates.find((path) => existsSync(path));
  if (folder === undefined) throw new Error(`no migrations at ${candidates.join(" or ")}`);
  return folder;
}
