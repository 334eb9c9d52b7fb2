/** Managing a running relay from the command line, as its operator does. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeNpub, publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";
import { createKeyFile } from "../../src/server/keys/key-file.ts";
import { crypto, newKey } from "./events.ts";
import { npubwire } from "./process.ts";
import { testFolder, testRelay } from "./setup.ts";

test("the command line manages a relay with the key of an administrator, and no other", async (t) => {
  const admin = newKey();
  const config = { administrators: [publicKeyOf(admin, crypto)] };
  const relay = await testRelay(t, { config });
  const folder = testFolder(t);
  const manage = async (key: SecretKey, ...words: readonly string[]) => {
    const file = join(folder, publicKeyOf(key, crypto));
    if (!existsSync(file)) createKeyFile(file, key);
    const url = `http://127.0.0.1:${relay.port}/`;
    return await npubwire(["manage", ...words, "--url", url, "--key", file]);
  };
  const listed = await manage(admin, "supportedmethods");
  assert.equal(listed.code, 0, listed.err);
  assert.ok(listed.out.split("\n").includes("banpubkey"));
  const spammer = publicKeyOf(newKey(), crypto);
  assert.equal((await manage(admin, "banpubkey", encodeNpub(spammer), "spam")).out, "true\n");
  const { out } = await manage(admin, "listbannedpubkeys");
  assert.equal(out, `{"pubkey":"${spammer}","reason":"spam"}\n`);
  const stranger = await manage(newKey(), "listbannedpubkeys");
  assert.deepEqual([stranger.code, stranger.out], [1, ""]);
  assert.match(stranger.err, /HTTP 401.*\n.*administrators/);
});
