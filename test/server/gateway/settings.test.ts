import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import {
  type GatewaySettings,
  newGatewaySettings,
  parseGatewaySettings,
  readGatewaySettings,
  writeGatewaySettings,
} from "../../../src/server/gateway/settings.ts";

const crypto = createNodeCrypto();
const KEY = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";
const ADDRESS =
  "nostr+ws://npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6@relay.example:7777";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "npubwire-gateway-"));
  file = join(folder, "npubwire", "gateway.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the gateway's settings", () => {
  it("are written for the owner's eyes, and read back as they were", () => {
    assert.equal(readGatewaySettings(file), undefined);
    const settings: GatewaySettings = {
      ...newGatewaySettings(crypto),
      host: "::1",
      origins: ["https://app.example", "chrome-extension://abc"],
      signer: {
        bunker: `bunker://${KEY}?relay=wss://a.example`,
        clientKey: "nsec1x",
        pubkey: key(),
      },
      relays: { home: [ADDRESS], constructor: [ADDRESS, ADDRESS] },
    };
    writeGatewaySettings(file, settings);
    assert.deepEqual(readGatewaySettings(file), settings);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("begin with a secret of 128 bits, another one every time, and nothing allowed", () => {
    const [one, other] = [newGatewaySettings(crypto), newGatewaySettings(crypto)];
    assert.match(one.secret, /^[0-9a-f]{32}$/);
    assert.notEqual(one.secret, other.secret);
    assert.deepEqual(one.origins, []);
    assert.equal(one.signer, "throwaway");
  });

  it("are refused where others can read them, or they are wrong, with the file's name", () => {
    writeGatewaySettings(file, newGatewaySettings(crypto));
    chmodSync(file, 0o644);
    assert.throws(() => readGatewaySettings(file), {
      name: "ConfigError",
      file,
      message: /chmod 600/,
    });
    writeFileSync(file, "{");
    chmodSync(file, 0o600);
    assert.throws(() => readGatewaySettings(file), { file, message: /not JSON: line 1, column 2/ });
  });

  for (const [change, problem] of [
    [{ host: "0.0.0.0" }, 'host: expected one of "127.0.0.1", "::1", got "0.0.0.0"'],
    [{ host: "localhost" }, 'host: expected one of "127.0.0.1", "::1", got "localhost"'],
    [{ port: 80 }, "port: expected a whole number from 1024 to 65535, got 80"],
    [{ secret: "short" }, 'secret: expected 32 lower-case hex digits, got "short"'],
    [{ secret: "AB".repeat(16) }, /^secret: expected .*, got what may be a secret$/],
    [{ origins: ["null"] }, /^origins\[0\]: expected an origin such as .*got "null"$/],
    [{ origins: ["*"] }, /^origins\[0\]: expected an origin/],
    [{ origins: ["https://a.example/"] }, /^origins\[0\]: expected an origin/],
    [{ signer: "mine" }, /^signer: expected "throwaway", or .*got "mine"$/],
    [
      { signer: { keyFile: "relative.key" } },
      'signer.keyFile: expected the absolute path of a file, got "relative.key"',
    ],
    [{ signer: { encryptedKey: "ncryptsec1x" } }, /^signer\.encryptedKey: expected an ncryptsec1…/],
    [{ signer: { bunker: "bunker://x" } }, /^signer: expected "throwaway", or .*got an object$/],
    [{ signer: { keyFile: "/a", keyfile: 1 } }, /^signer\.keyfile: .*mean signer\.keyFile\?$/],
    [{ relays: { "A b": [ADDRESS] } }, /^relays: expected names of up to 63 lower-case letters/],
    [{ relays: { a: [] } }, /^relays\.a: expected a list of addresses/],
    [{ relays: { a: ["ws://a.example"] } }, /^relays\.a\[0\]: expected a list of addresses/],
    [{ orgins: [] }, "orgins: unknown setting; did you mean origins?"],
    [{ secret: undefined }, "secret: expected 32 lower-case hex digits, got undefined"],
  ] as const) {
    it(`say what is wrong with ${JSON.stringify(change)}`, () => {
      const content = JSON.stringify({ ...newGatewaySettings(crypto), ...change });
      assert.throws(
        () => parseGatewaySettings(content),
        ({ problems }: { readonly problems: readonly string[] }) => {
          assert.equal(problems.length, 1, String(problems));
          if (typeof problem === "string") assert.equal(problems[0], problem);
          else assert.match(problems[0] ?? "", problem);
          return true;
        },
      );
    });
  }
});

function key() {
  const settings = parseGatewaySettings(
    JSON.stringify({
      ...newGatewaySettings(crypto),
      signer: { bunker: `bunker://${KEY}?relay=wss://a.example`, clientKey: "nsec1x", pubkey: KEY },
    }),
  );
  assert.ok(typeof settings.signer === "object" && "pubkey" in settings.signer);
  return settings.signer.pubkey;
}
