/** Run by `sqlite.test.ts` as a process of its own: stores events until it is killed. */

import { openSqliteStore } from "../../src/store/sqlite.ts";
import { madeUp } from "../nostr/arbitrary.ts";

const store = await openSqliteStore(process.argv[2] ?? "");
for (let n = 0; ; n++) {
  const [outcome] = await store.insert([madeUp({ created_at: n })]);
  // Once it was sent, the parent counts on it.
  if (outcome === "stored") await new Promise((sent) => process.send?.(n, sent));
}
