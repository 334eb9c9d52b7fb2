/** The database of a relay, for all who open it: the relay, `import`, `export`. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { openSqliteStore } from "../store/sqlite.ts";
import type { EventStore } from "../store.ts";
import type { RelayConfig } from "./config.ts";

export function databaseFile({ data }: Pick<RelayConfig, "data">): string {
  return join(data, "events.sqlite");
}

/**
 * Opens the database of a relay, which may be running. Where there is none it is made, or, without
 * `create`, nothing is returned. Throws a StoreError or the system's error.
 */
export async function openDatabase(
  config: Pick<RelayConfig, "data">,
  { create }: { readonly create: boolean },
): Promise<EventStore | undefined> {
  const file = databaseFile(config);
  if (!create && !existsSync(file)) return undefined;
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  return await openSqliteStore(file);
}
