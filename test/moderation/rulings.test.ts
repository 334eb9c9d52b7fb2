import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MemoryRulings } from "../../src/moderation/memory.ts";
import { openSqliteRulings } from "../../src/moderation/sqlite.ts";
import { judgeBans, type Rulings } from "../../src/moderation.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { testFolder } from "../e2e/setup.ts";
import { key, madeUp } from "../nostr/arbitrary.ts";

/** A file as the relay leaves it; rulings may be opened on it again and again. */
async function database(t: TestContext): Promise<() => Promise<Rulings>> {
  const path = join(testFolder(t), "events.sqlite");
  await (await openSqliteStore(path)).close();
  return async () => {
    const rulings = await openSqliteRulings(path);
    t.after(() => rulings.close());
    return rulings;
  };
}

const KINDS: readonly (readonly [string, (t: TestContext) => Promise<Rulings>])[] = [
  ["in memory", async () => new MemoryRulings()],
  ["in SQLite", async (t) => await (await database(t))()],
];

for (const [where, open] of KINDS) {
  test(`rulings ${where} are set, replaced, listed and lifted`, async (t) => {
    const rulings = await open(t);
    const revisions = [rulings.revision];
    const changed = () => {
      assert.ok(!revisions.includes(rulings.revision), "another revision");
      revisions.push(rulings.revision);
    };
    assert.deepEqual(rulings.entries("banned pubkey"), []);
    rulings.set("banned pubkey", "b", "first");
    changed();
    rulings.set("banned pubkey", "b", "second");
    changed();
    rulings.set("banned pubkey", "a", "");
    rulings.set("banned event", "c", "'; DROP TABLE ruling; --\0😀");
    assert.deepEqual(rulings.entries("banned pubkey"), [
      { subject: "a", note: "" },
      { subject: "b", note: "second" },
    ]);
    assert.equal(rulings.entries("banned event")[0]?.note, "'; DROP TABLE ruling; --\0😀");
    assert.ok(rulings.has("banned event", "c") && !rulings.has("banned event", "b"));
    rulings.delete("banned pubkey", "b");
    changed();
    rulings.delete("banned pubkey", "nobody");
    assert.deepEqual(rulings.entries("banned pubkey"), [{ subject: "a", note: "" }]);
  });
}

test("rulings in SQLite are there for the next process, and for others a turn later", async (t) => {
  const open = await database(t);
  const [first, second] = [await open(), await open()];
  assert.ok(!second.has("blocked address", "192.0.2.1"));
  first.set("blocked address", "192.0.2.1", "scraper");
  await new Promise(setImmediate);
  assert.ok(second.has("blocked address", "192.0.2.1"));
  first.delete("blocked address", "192.0.2.1");
  assert.ok(!second.has("blocked address", "192.0.2.1"));
  second.set("blocked address", "192.0.2.1", "scraper");
  assert.ok(second.has("blocked address", "192.0.2.1"), "what it has said itself it knows at once");
  first.close();
  second.close();
  const third = await open();
  assert.deepEqual(third.entries("blocked address"), [{ subject: "192.0.2.1", note: "scraper" }]);
});

test("bans concern the event itself and its author", () => {
  const rulings = new MemoryRulings();
  const event = madeUp({ pubkey: key(1) });
  assert.equal(judgeBans(event, rulings).accepted, true);
  rulings.set("banned event", event.id, "");
  assert.deepEqual(judgeBans(event, rulings), {
    accepted: false,
    prefix: "blocked",
    reason: "this event is banned from this relay",
  });
  rulings.delete("banned event", event.id);
  rulings.set("banned pubkey", key(1), "");
  assert.equal(judgeBans(event, rulings).accepted, false);
  assert.equal(judgeBans(madeUp({ pubkey: key(2) }), rulings).accepted, true);
  const vanishing = madeUp({ pubkey: key(1), kind: 62 });
  assert.equal(judgeBans(vanishing, rulings).accepted, true, "the banned may vanish (NIP-62)");
});
