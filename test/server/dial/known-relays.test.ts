import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { addressOf, type RelayAddress } from "../../../src/nostr/address.ts";
import {
  encodeNpub,
  generateSecretKey,
  type PublicKey,
  publicKeyOf,
} from "../../../src/nostr/key.ts";
import { KnownRelaysFile, parsePlace } from "../../../src/server/dial/known-relays.ts";

const crypto = createNodeCrypto();
const alice = publicKeyOf(generateSecretKey(crypto), crypto);
const mallory = publicKeyOf(generateSecretKey(crypto), crypto);

let folder: string;
let file: string;
let known: KnownRelaysFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "npubwire-known-"));
  file = join(folder, "npubwire", "known_relays");
  known = new KnownRelaysFile(file);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("known relays", () => {
  it("are remembered by place, once, in a file of the user's own", () => {
    known.check(at("ws://relay.example", alice));
    assert.equal(known.remember(at("ws://relay.example", alice)), true);
    assert.equal(known.remember(at("ws://RELAY.example.:80/", alice)), false);
    assert.equal(known.remember(at("ws://relay.example/b", mallory)), true);
    assert.equal(known.remember(at("ws://relay.example:80/b/", mallory)), false);
    assert.equal(known.remember(at("wss://relay.example", mallory)), true);
    assert.equal(known.remember(at("ws://[::1]:7777", mallory)), true);
    assert.equal(
      readFileSync(file, "utf8"),
      `relay.example:80 ${encodeNpub(alice)}
relay.example:80/b ${encodeNpub(mallory)}
relay.example:443 ${encodeNpub(mallory)}
[::1]:7777 ${encodeNpub(mallory)}
`,
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("are refused under another key, with the line and the command", () => {
    writeRelays(`# mine\n\nlocalhost:7777 ${encodeNpub(alice)}\n`);
    const changed = {
      name: "KnownRelaysError",
      code: "key-changed",
      message: new RegExp(`${encodeNpub(alice)}\n.*${encodeNpub(mallory)}`),
      advice: new RegExp(`npubwire forget localhost:7777\n.* line 3 of ${file}\\.`),
    };
    assert.throws(() => known.check(at("ws://localhost:7777", mallory)), changed);
    assert.throws(() => known.remember(at("ws://localhost:7777", mallory)), changed);
    known.check(at("ws://localhost:7777", alice));
    known.check(at("ws://localhost:7778", mallory));
    known.check(at("ws://localhost:7777/other", mallory));
  });

  it("are refused under either key where two lines disagree", () => {
    writeRelays(`localhost:7777 ${encodeNpub(alice)}\nlocalhost:7777 ${encodeNpub(mallory)}`);
    for (const key of [alice, mallory]) {
      assert.throws(() => known.check(at("ws://localhost:7777", key)), { code: "key-changed" });
    }
  });

  it("are forgotten line by line; the rest of the file stays as it is", () => {
    writeRelays(`# mine\na:1 ${encodeNpub(alice)}\nb:1 ${encodeNpub(alice)}`);
    appendFileSync(file, `\na:1 ${encodeNpub(mallory)}\n# end`);
    assert.equal(known.forget("a:1"), true);
    assert.equal(known.forget("a:1"), false);
    assert.equal(readFileSync(file, "utf8"), `# mine\nb:1 ${encodeNpub(alice)}\n# end`);
    assert.equal(known.remember(at("ws://a:1", mallory)), true);
    assert.match(readFileSync(file, "utf8"), /\n# end\na:1 npub1/);
  });

  it("are none at all where a line is wrong: nothing is dialled on a guess", () => {
    for (const [line, reason] of [
      ["localhost:7777", /line 2: expected an npub/],
      ["localhost npub1x", /line 2: expected host:port/],
      [`ws://a:1 ${encodeNpub(alice)}`, /line 2: expected host:port/],
      [`a:1 ${encodeNpub(alice)} b:1`, /line 2: expected .*nothing else/],
      [`A:1 ${encodeNpub(alice)}`, /line 2: expected host:port/],
    ] as const) {
      writeRelays(`b:1 ${encodeNpub(alice)}\n${line}\n`);
      for (const use of [
        () => known.check(at("ws://other", alice)),
        () => known.remember(at("ws://other", alice)),
        () => known.forget("other:80"),
      ]) {
        assert.throws(use, { name: "KnownRelaysError", code: "file", message: reason }, line);
      }
    }
  });

  it("are none at all where the file cannot be read or written", () => {
    writeFileSync(join(folder, "npubwire"), "a file, not a folder");
    assert.throws(() => known.check(at("ws://a:1", alice)), { code: "file" });
    assert.throws(() => known.remember(at("ws://a:1", alice)), { code: "file" });
  });
});

describe("parsePlace", () => {
  it("reads what people write in the spelling of the file", () => {
    for (const [text, place] of [
      ["Relay.Example.:7777", "relay.example:7777"],
      ["relay.example", "relay.example:80"],
      ["[::1]:7777", "[::1]:7777"],
      ["a:1/", "a:1"],
      ["a/b/../ü", "a:80/%C3%BC"],
      ["//a", undefined],
      ["ws://a", undefined],
      ["a/b?c", undefined],
      ["npub1@a:1", undefined],
      ["a:many", undefined],
      ["", undefined],
    ] as const) {
      const parsed = parsePlace(text);
      assert.equal(parsed.ok ? parsed.value : undefined, place, text);
    }
  });
});

function at(url: string, relay: PublicKey): RelayAddress {
  const address = addressOf(url, relay);
  assert.ok(address.ok);
  return address.value;
}

function writeRelays(text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
