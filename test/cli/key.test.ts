import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { encodeNpub, encodeNsec, generateSecretKey, publicKeyOf } from "../../src/nostr/key.ts";
import { createKeyFile } from "../../src/server/keys/key-file.ts";
import { crypto, npubwire } from "./harness.ts";

const key = generateSecretKey(crypto);
const npub = encodeNpub(publicKeyOf(key, crypto));

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "npubwire-cli-key-"));
});
after(() => rmSync(folder, { recursive: true }));

describe("npubwire key generate", () => {
  it("prints npub and nsec, new ones every time", async () => {
    const first = await npubwire(["key", "generate"]);
    const second = await npubwire(["key", "generate"]);
    assert.equal(first.code, 0);
    assert.match(first.out, /^npub1[a-z0-9]{58}\nnsec1[a-z0-9]{58}\n$/);
    assert.notEqual(first.out, second.out);
  });

  it("writes a file for its owner's eyes only and prints no secret", async () => {
    const file = join(folder, "me.key");
    const { code, out } = await npubwire(["key", "generate", "--out", file]);
    assert.equal(code, 0);
    assert.match(out, /^npub1[a-z0-9]{58}\n$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, "utf8"), /^nsec1[a-z0-9]{58}\n$/);
  });

  it("overwrites nothing", async () => {
    const file = join(folder, "taken.key");
    createKeyFile(file, key);
    const { code, out, err } = await npubwire(["key", "generate", "--out", file]);
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(err, /taken\.key exists already\nKeys are never overwritten/);
    assert.equal(readFileSync(file, "utf8"), `${encodeNsec(key)}\n`);
  });
});

describe("npubwire key show", () => {
  it("prints npub, address and nprofile of the relay", async () => {
    const data = join(folder, "show");
    createKeyFile(join(data, "relay.key"), key);
    const { code, out, err } = await npubwire(["key", "show", "--data", data]);
    assert.equal(code, 0);
    const [first, second, third] = out.split("\n");
    assert.equal(first, `npub      ${npub}`);
    assert.equal(second, `address   nostr+ws://${npub}@127.0.0.1:7777`);
    assert.match(third ?? "", /^nprofile {2}nprofile1[a-z0-9]+$/);
    assert.doesNotMatch(out + err, /nsec1/);
  });

  it("prints the secret key and nothing else when asked for it", async () => {
    const environment = { NPUBWIRE_KEY: encodeNsec(key) };
    const args = ["key", "show", "--data", folder, "--secret"];
    const { out, err } = await npubwire(args, { environment });
    assert.equal(out, `${encodeNsec(key)}\n`);
    assert.equal(err, "");
  });

  it("makes no key", async () => {
    const { code, out, err } = await npubwire(["key", "show", "--data", join(folder, "none")]);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /the relay has no key yet: there is no .*relay\.key\nStart it once/);
  });
});
