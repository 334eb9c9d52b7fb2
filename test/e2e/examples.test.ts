/** The README's programs, in processes of their own, used by nostr-tools. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { secureWebSocket } from "../../src/client.ts";
import { forTools, note } from "./events.ts";
import { type Scope, testFolder } from "./setup.ts";

useWebSocketImplementation(secureWebSocket());

const ROOT = new URL("../../../", import.meta.url).pathname;

test("a website with a relay: both answer on one port, and the relay ends in order", async (t) => {
  const { process, line } = await example(t, "website-with-relay");
  const address = await line();
  const port = /:(\d+)\/relay$/.exec(address)?.[1];
  assert.ok(port, address);
  const client = await Relay.connect(address);
  assert.equal(await line(), "127.0.0.1 has come");
  await client.publish(forTools(note({ content: "hello" })));
  assert.equal(await line(), "kind 1: hello");
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "my website\n");
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/relay`)).text(), "my website\n");
  const headers = { Accept: "application/nostr+json" };
  const information = await fetch(`http://127.0.0.1:${port}/relay`, { headers });
  assert.match(await information.text(), /"supported_nips":\[1,/);
  process.kill("SIGTERM");
  const [code] = await once(process, "exit");
  assert.equal(code, 0);
});

test("two relays on one port: each with its key, store and policy", async (t) => {
  const { line } = await example(t, "two-relays");
  const addresses = [await line(), await line()] as const;
  const [notes, forgetful] = await Promise.all(addresses.map((url) => Relay.connect(url)));
  assert.ok(notes && forgetful);
  t.after(() => {
    notes.close();
    forgetful.close();
  });
  await notes.publish(forTools(note({ content: "x".repeat(281) })));
  await assert.rejects(notes.publish(forTools(note({ kind: 7 }))), /blocked: only notes/);
  await forgetful.publish(forTools(note({ kind: 7 })));
  await assert.rejects(forgetful.publish(forTools(note({ content: "x".repeat(281) }))), /280/);
  const [first, second] = addresses;
  const [, npub = "", rest] = /^nostr\+ws:\/\/(npub1\w+)@(.*)$/.exec(first) ?? [];
  const [, other = ""] = /^nostr\+ws:\/\/(npub1\w+)@/.exec(second) ?? [];
  assert.notEqual(npub, other);
  await assert.rejects(Relay.connect(`nostr+ws://${other}@${rest}`), "another key answers there");
});

test("@nostr-relay/core from npm, encrypted by another import, serves nostr-tools", async (t) => {
  const { line } = await example(t, "nostr-relay", nostrRelayInstalled(t));
  const { npub, address } = JSON.parse(await line());
  const writer = await Relay.connect(`nostr+ws://${npub}@127.0.0.1:${address.port}`);
  t.after(() => writer.close());
  assert.match(await line(), /^127\.0\.0\.1 has proved [0-9a-f]{64}$/);
  const first = note({ content: "stored" });
  await writer.publish(forTools(first));
  const reader = await Relay.connect(`nostr+ws://${npub}@127.0.0.1:${address.port}`);
  t.after(() => reader.close());
  const heard: string[] = [];
  let isStored = (): void => {};
  const stored = new Promise<void>((resolve) => {
    isStored = resolve;
  });
  const live = new Promise<void>((resolve) => {
    const onevent = ({ content }: { content: string }) => {
      if (heard.push(content) === 2) resolve();
    };
    reader.subscribe([{ kinds: [1] }], { onevent, oneose: isStored });
  });
  await stored;
  await writer.publish(forTools(note({ content: "live" })));
  await live;
  assert.deepEqual(heard, ["stored", "live"]);
});

/**
 * A folder with what `npm i npubwire @nostr-relay/core @nostr-relay/common @noble/hashes@1` installs:
 * @nostr-relay/common needs version 1 without saying so, and finds what its own folder finds.
 */
function nostrRelayInstalled(t: Scope): string {
  const folder = testFolder(t);
  const modules = `${ROOT}node_modules`;
  const place = (name: string, source: string, put: (from: string, to: string) => void): void => {
    const target = `${folder}/node_modules/${name}`;
    mkdirSync(dirname(target), { recursive: true });
    put(realpathSync(source), target);
  };
  const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true });
  for (const name of ["core", "common"]) {
    place(`@nostr-relay/${name}`, `${modules}/@nostr-relay/${name}`, copy);
  }
  for (const name of ["@noble/curves", "lru-cache", "rxjs", "tslib"]) {
    place(name, `${modules}/${name}`, symlinkSync);
  }
  place("@noble/hashes", `${modules}/@noble/curves/node_modules/@noble/hashes`, symlinkSync);
  place("npubwire", ROOT, symlinkSync);
  return folder;
}

/** Runs one of the examples in an empty folder on a free port; `line` waits for what it prints. */
async function example(t: Scope, name: string, folder = testFolder(t)) {
  const file = `${folder}/${name}.mjs`;
  copyFileSync(new URL(`examples/${name}.js`, import.meta.url), file);
  if (!existsSync(`${folder}/node_modules`)) {
    mkdirSync(`${folder}/node_modules`);
    symlinkSync(ROOT, `${folder}/node_modules/npubwire`);
  }
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} has ended`);
    return value;
  };
  return { process: child, line };
}
