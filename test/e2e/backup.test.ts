import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { bareClient } from "./client.ts";
import { newKey, note, someEvents } from "./events.ts";
import { commandProcess, ended, npubwire } from "./process.ts";
import { testFolder, testRelay } from "./setup.ts";

test("published, exported, imported elsewhere and exported again, events are the same text", async (t) => {
  const relay = await testRelay(t);
  const events = someEvents();
  const lines = events.map(({ json }) => `${json}\n`).join("");
  const published = await npubwire(["publish", "--relay", relay.address], lines);
  const accepted = published.out.match(/ accepted/g)?.length ?? 0;
  // What is missing are older versions of replaceable events; made-up events have more of them.
  assert.ok(accepted > 0.75 * events.length, published.err);

  const first = await npubwire(["export", "--data", relay.data]);
  assert.deepEqual([first.code, first.err], [0, ""]);
  const texts = first.out.trimEnd().split("\n");
  assert.ok(texts.length > 0.75 * events.length);
  const known = new Set(events.map(({ json }) => json));
  for (const text of texts) assert.ok(known.has(text));

  const other = testFolder(t);
  const imported = await npubwire(["import", "--data", other], first.out);
  assert.deepEqual([imported.code, imported.err], [0, ""]);
  assert.match(imported.out, new RegExp(`^${texts.length} lines: ${texts.length} stored, 0 dup`));
  assert.equal((await npubwire(["export", "--data", other])).out, first.out);

  const newestFirst = await npubwire(["export", "--data", other, "--reverse"]);
  assert.deepEqual(newestFirst.out.trimEnd().split("\n"), texts.reverse());
  const third = testFolder(t);
  await npubwire(["import", "--data", third, "--no-verify"], newestFirst.out);
  assert.equal((await npubwire(["export", "--data", third])).out, first.out);
});

test("an import beside a running relay takes nothing from it, and its clients find the events", async (t) => {
  const relay = await testRelay(t);
  const key = newKey();
  const imported = Array.from({ length: 3_000 }, (_, n) =>
    note({ kind: 30_000, tags: [["d", `${n}`]] }, key),
  );
  const lines = imported.map(({ json }) => `${json}\n`).join("");
  let isImporting = true;
  const importing = npubwire(["import", "--data", relay.data, "--no-verify"], lines).finally(() => {
    isImporting = false;
  });
  const client = await bareClient(relay.address, secureWebSocket());
  const importedSoFar = async () => {
    client.send(JSON.stringify(["COUNT", "so far", { kinds: [30_000] }]));
    const [, , { count }] = (await client.next()) as [string, string, { count: number }];
    return count;
  };
  let published = 0;
  for (let before = 0; isImporting || published < 50; published += 1) {
    const event = note({ content: `${published}` }, key);
    client.send(JSON.stringify(["EVENT", event]));
    assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
    // On a slow disk, who writes without a pause would leave no room for another.
    let now = await importedSoFar();
    while (isImporting && now === before) now = await importedSoFar();
    before = now;
  }
  const { code, out } = await importing;
  assert.equal(code, 0);
  assert.match(out, /^3,000 lines: 3,000 stored/);
  client.send(JSON.stringify(["REQ", "one", { ids: [imported[1_234]?.id] }]));
  const [, , found] = (await client.next()) as [string, string, { id: string }];
  assert.equal(found.id, imported[1_234]?.id);
  await client.close();
  const exported = await npubwire(["export", "--data", relay.data]);
  assert.equal(exported.out.split("\n").length - 1, 3_000 + published);
});

test("lines that hold no event are named, and the others stored", async (t) => {
  const data = testFolder(t);
  const good = note({ content: "good\u2028still good" });
  const bad = [Buffer.from('{"id":\n'), Buffer.from([0xff, 0x0a]), Buffer.from("\0\n")];
  const input = Buffer.concat([...bad, Buffer.from(good.json)]);
  const { code, out, err } = await npubwire(["import", "--data", data, "--show-rejected"], input);
  assert.equal(code, 1);
  assert.equal(out, "4 lines: 1 stored, 0 duplicate, 0 superseded, 0 deleted, 3 rejected\n");
  assert.deepEqual(err.split("\n"), [
    "line 1: not JSON: column 7: expected a value",
    "line 2: not UTF-8",
    "line 3: not JSON: column 1: expected a value",
    "npubwire: lines rejected: 3",
    "",
  ]);
  assert.equal((await npubwire(["export", "--data", data])).out, `${good.json}\n`);
});

test("an import that is interrupted keeps what it counted", async (t) => {
  const data = testFolder(t);
  const event = note();
  const child = commandProcess(["import", "--data", data, "--show-rejected"]);
  t.after(() => void child.kill("SIGKILL"));
  child.stdin.write(`${event.json}\n{\n`);
  // The second line is reported when the first is read.
  await once(child.stderr, "data");
  child.kill("SIGINT");
  const { code, out, err } = await ended(child);
  assert.equal(code, 1);
  assert.match(out, /^2 lines: 1 stored/);
  assert.match(err, /stopped before the end of the input/);
  assert.equal((await npubwire(["export", "--data", data])).out, `${event.json}\n`);
});

test("an export whose reader leaves ends quietly", async (t) => {
  const data = testFolder(t);
  const key = newKey();
  const long = "x".repeat(50_000);
  const events = Array.from({ length: 200 }, (_, n) => note({ content: `${n} ${long}` }, key));
  await npubwire(["import", "--data", data], events.map(({ json }) => `${json}\n`).join(""));
  const child = commandProcess(["export", "--data", data]);
  t.after(() => void child.kill("SIGKILL"));
  child.stdin.end();
  await once(child.stdout, "data");
  child.stdout.destroy();
  const [chunk, [code]] = await Promise.all([child.stderr.toArray(), once(child, "close")]);
  assert.deepEqual([code, chunk], [0, []]);
});
