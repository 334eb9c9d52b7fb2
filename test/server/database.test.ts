import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { parseFilter } from "../../src/nostr/filter.ts";
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

it("who does not say whether there is a search index keeps it as it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "npubwire-database-"));
  const place = { data: folder };
  const search = parseFilter({ search: "wolf" });
  assert.ok(search.ok);
  const open = async (...say: readonly boolean[]) => await openDatabase(place, say[0]);
  try {
    const relay = await open(true);
    const other = await open();
    assert.deepEqual(await other.insert([madeUp({ content: "wolf" })]), ["stored"]);
    assert.equal(await relay.count([search.value]), 1);
    await other.close();
    await relay.close();
    const silent = await open(false);
    const second = await open();
    assert.deepEqual(await second.insert([madeUp({ content: "a wolf" })]), ["stored"]);
    assert.equal(await second.count([search.value]), 0);
    await second.close();
    await silent.close();
    const again = await open(true);
    assert.equal(await again.count([search.value]), 2);
    await again.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
