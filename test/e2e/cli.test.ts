/** The command line as people use it: real processes, a real relay. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { crypto, newKey, note, someEvents } from "./events.ts";
import { npubwire, relayProcess } from "./process.ts";
import { testFolder } from "./setup.ts";

test("a relay is started, written to, read from and stopped", async (t) => {
  const data = testFolder(t);
  const { process: relay, announced } = await relayProcess(t, data);
  const { npub, address, nprofile, port } = announced;
  assert.equal(address, `nostr+ws://${npub}@127.0.0.1:${port}`);
  assert.equal(statSync(join(data, "relay.key")).mode & 0o777, 0o600);

  const published = await npubwire(["publish", "--relay", address, "Hello"]);
  assert.equal(published.code, 0, published.err);
  const [id] = published.out.split(" ");
  // Every form of the address leads to the same relay.
  for (const relayOption of [
    ["--relay", address],
    ["--relay", nprofile],
    ["--relay", `ws://127.0.0.1:${port}`, "--npub", npub],
  ]) {
    const { code, out } = await npubwire(["req", ...relayOption, "--kind", "1", "--limit", "5"]);
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).id, id);
  }
  const events = someEvents().filter((event) => event.kind === 1);
  const lines = events.map((event) => `${event.json}\n`).join("");
  assert.equal((await npubwire(["publish", "--relay", address], lines)).code, 0);
  const filter = JSON.stringify({ ids: events.map((event) => event.id), limit: 1_000 });
  const { out } = await npubwire(["req", "--relay", address, filter]);
  assert.equal(out.trim().split("\n").length, events.length);

  relay.kill("SIGTERM");
  assert.deepEqual(await once(relay, "exit"), [0, null]);
});

test("refusals and failures have their own exit codes, and say what to do", async (t) => {
  const { announced } = await relayProcess(t, testFolder(t));
  const other = encodeNpub(publicKeyOf(newKey(), crypto));
  const broken = JSON.stringify({ ...JSON.parse(note().json), content: "changed" });
  for (const [args, input, code, words] of [
    [["publish", "--relay", announced.address], `${broken}\n`, 1, /id does not match/],
    [["req", "--relay", announced.address, '{"searches":"x"}'], "", 1, /unsupported/],
    [["req", "--relay", `ws://127.0.0.1:${announced.port}`], "", 2, /names no relay key/],
    [["req", "--relay", announced.address.replace(announced.npub, other)], "", 3, /another key/],
    [["req", "--relay", `nostr+ws://${other}@127.0.0.1:1`], "", 3, /cannot be reached/],
    [["relay", "--port", "many"], "", 2, /whole number/],
  ] as [string[], string, number, RegExp][]) {
    const result = await npubwire(args, input);
    assert.equal(result.code, code, `${args.join(" ")}: ${result.err}`);
    assert.match(result.out + result.err, words);
  }
});

test("a relay whose key has changed is not spoken to until the user says so", async (t) => {
  const home = testFolder(t);
  const { announced, process: relay } = await relayProcess(t, testFolder(t));
  const { address, npub, port } = announced;
  const place = `127.0.0.1:${port}`;
  const first = await npubwire(["req", "--relay", address, "--limit", "1"], "", home);
  assert.equal(first.code, 0, first.err);
  assert.ok(first.err.includes(`${place} is known as ${npub}`));
  assert.equal((await npubwire(["req", "--relay", address, "--limit", "1"], "", home)).err, "");

  const other = encodeNpub(publicKeyOf(newKey(), crypto));
  const changed = ["req", "--relay", address.replace(npub, other)];
  const refused = await npubwire(changed, "", home);
  assert.equal(refused.code, 3);
  assert.match(refused.err, /known by another key; nothing was sent/);
  assert.ok(refused.err.includes(`npubwire forget ${place}`));
  assert.equal((await npubwire(["forget", place], "", home)).code, 0);
  assert.match((await npubwire(changed, "", home)).err, /may hold another key/);
  relay.kill("SIGTERM");
  await once(relay, "exit");
});
