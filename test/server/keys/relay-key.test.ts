import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { encodeNsec, generateSecretKey, type SecretKey } from "../../../src/nostr/key.ts";
import { createKeyFile, readKeyFile } from "../../../src/server/keys/key-file.ts";
import { openRelayKey, readRelayKey } from "../../../src/server/keys/relay-key.ts";

const crypto = createNodeCrypto();
const VARIABLE = "NPUBWIRE_KEY";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "npubwire-key-"));
  file = join(folder, "data", "relay.key");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("openRelayKey", () => {
  it("makes a key on first start, for its owner's eyes only, and keeps it", () => {
    const first = open();
    assert.equal(first.created, true);
    assert.equal(first.origin, file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "data")).mode & 0o777, 0o700);
    assert.equal(readFileSync(file, "utf8"), `${encodeNsec(first.secretKey)}\n`);
    assert.deepEqual(readdirSync(join(folder, "data")), ["relay.key"]);
    const second = open();
    assert.equal(second.created, false);
    assert.deepEqual(second.secretKey, first.secretKey);
  });

  it("reads hex as well as nsec", () => {
    const key = generateSecretKey(crypto);
    write(`  ${Buffer.from(key).toString("hex")}\r\n`, 0o400);
    assert.deepEqual(Buffer.from(open().secretKey), Buffer.from(key));
  });

  it("prefers the environment variable and then makes no file", () => {
    const key = generateSecretKey(crypto);
    const fromEnvironment = open({ [VARIABLE]: encodeNsec(key) });
    assert.deepEqual(fromEnvironment.secretKey, key);
    assert.equal(fromEnvironment.origin, "environment variable NPUBWIRE_KEY");
    assert.equal(existsSync(file), false);
  });

  it("takes an empty environment variable for none", () => {
    assert.equal(open({ [VARIABLE]: "" }).created, true);
  });

  it("refuses an environment variable without a key and does not repeat it", () => {
    assert.throws(() => open({ [VARIABLE]: "nsec1typo" }), {
      name: "KeyError",
      message:
        "environment variable NPUBWIRE_KEY holds no key: expected an nsec (nsec1…) or 64 hex digits",
    });
  });

  it("never replaces a file that holds no key", () => {
    for (const text of ["", "junk", "0".repeat(64), "f".repeat(64), "x".repeat(5_000)]) {
      write(text, 0o600);
      assert.throws(() => open(), { name: "KeyError", message: /holds no key|is too large/ });
      assert.equal(readFileSync(file, "utf8"), text);
    }
  });

  it("refuses a file that others can read, and says what to run", () => {
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      write(encodeNsec(generateSecretKey(crypto)), mode);
      assert.throws(() => open(), {
        name: "KeyError",
        message: `key file ${file} can be read or changed by others; run: chmod 600 ${file}`,
      });
    }
  });

  it("refuses a folder in the place of the file", () => {
    mkdirSync(file, { recursive: true, mode: 0o700 });
    assert.throws(() => open(), { name: "KeyError", message: `key file ${file} is not a file` });
  });

  it("reports a place where nothing can be written", () => {
    writeFileSync(join(folder, "data"), "a file, not a folder");
    assert.throws(() => open(), { name: "KeyError", message: /cannot be (read|written)/ });
  });

  function open(environment: Record<string, string> = {}) {
    return openRelayKey({ file, environment: VARIABLE }, crypto, environment);
  }
});

describe("readRelayKey", () => {
  it("makes nothing", () => {
    assert.equal(readRelayKey({ file, environment: VARIABLE }, crypto, {}), undefined);
    assert.equal(existsSync(join(folder, "data")), false);
  });
});

describe("createKeyFile", () => {
  it("leaves an existing file as it is", () => {
    const [first, second] = [generateSecretKey(crypto), generateSecretKey(crypto)];
    assert.equal(createKeyFile(file, first), true);
    assert.equal(createKeyFile(file, second), false);
    assert.deepEqual(readBack(), first);
    assert.deepEqual(readdirSync(join(folder, "data")), ["relay.key"]);
  });

  it("quotes a path that a shell would take apart", () => {
    const odd = join(folder, "it's mine.key");
    createKeyFile(odd, generateSecretKey(crypto));
    chmodSync(odd, 0o644);
    assert.throws(() => readKeyFile(odd, crypto), {
      message: /run: chmod 600 '.*it'\\''s mine\.key'$/,
    });
  });

  function readBack(): SecretKey | undefined {
    return readKeyFile(file, crypto);
  }
});

function write(text: string, mode: number): void {
  mkdirSync(join(folder, "data"), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}
