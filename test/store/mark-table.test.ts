import assert from "node:assert/strict";
import { it } from "node:test";
import Database from "better-sqlite3";
import { MarkTable } from "../../src/store/mark-table.ts";
import { Marks } from "../../src/store/marks.ts";
import { migrate } from "../../src/store/migrate.ts";
import { madeUp } from "../nostr/arbitrary.ts";

function openTable() {
  const database = new Database(":memory:");
  migrate(database);
  const marks = new Marks(database);
  const rows = (table: string) =>
    database.prepare(`SELECT mark, seq FROM ${table} ORDER BY mark, seq`).safeIntegers().all();
  return { database, marks, table: new MarkTable(database, marks), rows };
}

it("marks settle bit by bit, and none is lost or doubled on the way", () => {
  const { database, table, rows } = openTable();
  const tags = Array.from({ length: 40 }, (_, n) => ["t", `${n}`]);
  for (let n = 0; n < 100; n++) table.add(BigInt(n), madeUp({ created_at: n, tags }));
  const all = rows("marked");
  assert.equal(all.length, 100 * 44);
  assert.equal(rows("marked_fresh").length, all.length);
  let fresh = all.length;
  for (let round = 0; round < 64; round++) {
    table.settle(64);
    assert.deepEqual(rows("marked"), all);
    const { length } = rows("marked_fresh");
    assert.ok(length <= fresh);
    fresh = length;
  }
  assert.equal(fresh, 0);
  assert.deepEqual(rows("marked_settled"), all);
  database.close();
});

it("few events are not worth a stretch, very many settle at once", () => {
  const { database, table, rows } = openTable();
  table.add(1n, madeUp({}));
  table.settle(63);
  assert.equal(rows("marked_fresh").length, 4);
  table.settle(100_000);
  assert.equal(rows("marked_fresh").length, 0);
  database.close();
});

it("in a large database all marks take longer to settle, and get there", () => {
  const { database, marks, rows } = openTable();
  // 20,000 pages of 4 KiB.
  database.exec(
    "CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (zeroblob(81920000))",
  );
  const table = new MarkTable(database, marks);
  const tags = Array.from({ length: 200 }, (_, n) => ["t", `${n}`]);
  table.add(1n, madeUp({ tags }));
  table.settle(4_096);
  const { length } = rows("marked_settled");
  assert.ok(length > 0 && length < 204);
  table.settle(4_096);
  assert.equal(rows("marked_settled").length, 204);
  database.close();
});

it("where processes are short, no mark waits for ever", () => {
  const { database, marks, table, rows } = openTable();
  for (let n = 0; n < 20; n++) table.add(BigInt(n), madeUp({ created_at: n }));
  // Each comes half way from anywhere: a mark that none of 200 meets is as good as impossible.
  for (let start = 0; start < 200; start++) new MarkTable(database, marks).settle(2_048);
  assert.deepEqual(rows("marked_fresh"), []);
  database.close();
});

it("marks go wherever they are", () => {
  const { database, table, rows } = openTable();
  const events = [1, 2].map((n) => madeUp({ created_at: n, tags: [["e", "x"]] }));
  for (const [n, event] of events.entries()) table.add(BigInt(n), event);
  table.settle(1_024);
  for (const [n, event] of events.entries()) table.remove(BigInt(n), event);
  assert.deepEqual(rows("marked"), []);
  database.close();
});

it("marks are secret to a database, and the same at each start", () => {
  const [one, other] = [openTable(), openTable()];
  const event = madeUp({
    tags: [
      ["t", "a"],
      ["t", "b"],
      ["T", "a"],
      ["e", "a"],
    ],
  });
  assert.equal(new Set(one.marks.of(event)).size, 8);
  assert.deepEqual(new Marks(one.database).of(event), one.marks.of(event));
  const shared = new Set(other.marks.of(event));
  assert.ok(one.marks.of(event).every((mark) => !shared.has(mark)));
  for (const { database } of [one, other]) database.close();
});
