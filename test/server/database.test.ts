import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { hasDatabase, openDatabase } from "../../src/server/database.ts";
import { madeUp } from "../nostr/arbitrary.ts";

it("the database is made on first use, in a folder for its owner alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "npubwire-database-"));
  try {
    const place = { data: join(folder, "new", "data") };
    assert.equal(hasDatabase(place), false);
    const [first, second] = [await openDatabase(place), await openDatabase(place)];
    assert.equal(hasDatabase(place), true);
    assert.equal(statSync(place.data).mode & 0o777, 0o700);
    const event = madeUp();
    assert.deepEqual(await first.insert([event]), ["stored"]);
    assert.deepEqual(await second.insert([event]), ["duplicate"]);
    await first.close();
    await second.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
