/** The database of a relay, for all who open it: the relay, `import`, `export`. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { openSqliteRulings } from "../moderation/sqlite.ts";
import type { Rulings } from "../moderation.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import type { EventStore } from "../store.ts";
import type { RelayConfig } from "./config.ts";

type Place = Pick<RelayConfig, "data">;

export function hasDatabase(config: Place): boolean {
  return existsSync(fileIn(config));
}

/**
 * Opens the database, which other processes may have open too; where there is none, it is made.
 * Whether it can be searched is for the relay to say; others keep the index as they find it. With
 * threads, the calling one never waits for the disk. Throws a StoreError or the system's error.
 */
export async function openDatabase(
  config: Place,
  search: boolean | "as found" = "as found",
  threads = 0,
): Promise<EventStore> {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  return await openSqliteStore(fileIn(config), { search, threads });
}

/** Opens what administrators have decided; the database is there already. */
export async function openRulings(config: Place): Promise<Rulings> {
  return await openSqliteRulings(fileIn(config));
}

function fileIn({ data }: Place): string {
  return join(data, "events.sqlite");
}
