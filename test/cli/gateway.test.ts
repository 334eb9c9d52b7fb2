import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { encrypt } from "nostr-tools/nip49";
import type { CliParts } from "../../src/cli/parts.ts";
import { addressOf, encodeProfile } from "../../src/nostr/address.ts";
import {
  encodeNpub,
  encodeNsec,
  generateSecretKey,
  parsePublicKey,
  publicKeyOf,
} from "../../src/nostr/key.ts";
import { KnownRelaysError } from "../../src/server/dial/known-relays.ts";
import type { GatewayOptions } from "../../src/server/gateway.ts";
import { createKeyFile } from "../../src/server/keys/key-file.ts";
import { ADDRESS, crypto, NPUB, npubwire, type Outcome } from "./harness.ts";

const key = generateSecretKey(crypto);
const npub = encodeNpub(publicKeyOf(key, crypto));

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "npubwire-cli-gateway-"));
  file = join(home, "gateway.json");
});
afterEach(() => rmSync(home, { recursive: true }));

describe("npubwire gateway add, list, remove", () => {
  it("prints the URL to paste, and keeps the relay in a file of the user's own", async () => {
    const { code, out, err } = await gateway("add", ADDRESS);
    assert.equal(code, 0);
    assert.match(out, /^ws:\/\/127\.0\.0\.1:7780\/[0-9a-f]{32}\/localhost\n$/);
    assert.match(err, /Paste this URL/);
    assert.deepEqual(settings().relays, { localhost: [ADDRESS] });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await gateway("add", ADDRESS)).out, out, "once more, nothing else");
    const second = await gateway("add", ADDRESS, "--name", "home");
    assert.equal(second.out, out.replace("localhost", "home"), "the same secret");
  });

  it("takes every form of an address, and finds names for all of them", async () => {
    const relay = parsePublicKey(NPUB);
    assert.ok(relay.ok);
    const far = addressOf("wss://Relay.Example.com/x", relay.value);
    const near = addressOf("ws://[::1]:7777", relay.value);
    assert.ok(far.ok && near.ok);
    await gateway("add", `nostr:${encodeProfile(relay.value, [far.value, near.value])}`);
    await gateway("add", "ws://[::1]:7777", "--npub", NPUB);
    await gateway("add", "ws://192.0.2.7", "--npub", NPUB, "--name", "constructor");
    assert.deepEqual(settings().relays, {
      "relay.example.com": [far.value.canonical, near.value.canonical],
      1: [near.value.canonical],
      constructor: [`nostr+ws://${NPUB}@192.0.2.7`],
    });
  });

  it("refuses what it cannot dial, or what has another name already", async () => {
    assert.equal((await gateway("add", "ws://localhost:7777")).code, 2);
    assert.equal((await gateway("add", ADDRESS, "--name", "../x")).code, 2);
    await gateway("add", ADDRESS);
    const other = await gateway("add", ADDRESS.replace("7777", "7778"));
    assert.equal(other.code, 1);
    assert.match(other.err, /another relay is called localhost\n.*--name/);
  });

  it("refuses a relay that is known by another key", async () => {
    const check = () => {
      throw new KnownRelaysError("key-changed", "another key", "npubwire forget x");
    };
    const knownRelays = { check, remember: () => false, forget: () => false };
    const { code, err } = await npubwire(["gateway", "add", ADDRESS], { home, knownRelays });
    assert.equal(code, 3);
    assert.match(err, /another key\nnpubwire forget x/);
    assert.throws(() => settings());
  });

  it("lists relays with their URLs, and takes them out", async () => {
    const url = (await gateway("add", ADDRESS)).out.trim();
    assert.equal((await gateway("list")).out, `localhost\n  ${url}\n  ${ADDRESS}\n`);
    assert.equal((await gateway("remove", "localhost")).code, 0);
    assert.equal((await gateway("list")).out, "");
    for (const name of ["localhost", "toString"]) {
      assert.equal((await gateway("remove", name)).code, 1);
    }
  });

  it("says what is wrong with the file, and leaves it as it is", async () => {
    writeFileSync(file, '{"host":"0.0.0.0"}', { mode: 0o600 });
    const { code, err } = await gateway("add", ADDRESS);
    assert.equal(code, 2);
    assert.match(err, /gateway\.json\n {2}host: expected one of "127\.0\.0\.1", "::1"/);
    assert.equal(readFileSync(file, "utf8"), '{"host":"0.0.0.0"}');
  });
});

describe("npubwire gateway sign", () => {
  it("takes a key file, encrypted or not, and no secret on the command line", async () => {
    const plain = join(home, "me.key");
    createKeyFile(plain, key);
    assert.equal((await gateway("sign", plain)).code, 0);
    assert.deepEqual(settings().signer, { keyFile: plain });
    const ncryptsec = encrypt(key, "pw", 4);
    const encrypted = join(home, "me.ncryptsec");
    writeFileSync(encrypted, ncryptsec, { mode: 0o600 });
    assert.equal((await gateway("sign", encrypted)).code, 0);
    assert.deepEqual(settings().signer, { keyFile: encrypted });
    assert.equal((await gateway("sign", ncryptsec)).code, 0);
    assert.deepEqual(settings().signer, { encryptedKey: ncryptsec });
    for (const [choice, words] of [
      [encodeNsec(key), /no place on a command line/],
      [join(home, "none.key"), /there is no key file/],
      ["ncryptsec1x", /expected an encrypted key/],
      ["bunker://x", /expected bunker/],
    ] as const) {
      const { code, out, err } = await gateway("sign", choice);
      assert.equal(code, 2, choice);
      assert.match(err, words);
      assert.equal((out + err).includes(encodeNsec(key)), false);
    }
    assert.deepEqual(settings().signer, { encryptedKey: ncryptsec });
    assert.equal((await gateway("sign", "throwaway")).code, 0);
    assert.equal(settings().signer, "throwaway");
  });

  it("reports a remote signer that cannot be reached", async () => {
    const signer = publicKeyOf(key, crypto);
    const { code, err } = await gateway("sign", `bunker://${signer}?relay=ws://127.0.0.1:1`);
    assert.equal(code, 1);
    assert.match(err, /the signer cannot be asked over any of its relays: .*\n.*get a new one/);
    assert.throws(() => settings());
  });
});

describe("npubwire gateway", () => {
  it("has nothing to do without a relay", async () => {
    const { code, err } = await gateway();
    assert.equal(code, 2);
    assert.match(err, /no relay to dial\nAdd one: npubwire gateway add/);
  });

  it("runs until it is stopped, and says where and as whom", async () => {
    await gateway("add", ADDRESS, "--name", "home");
    const { outcome, options, closed } = await running([]);
    assert.equal(outcome.code, 0);
    assert.match(outcome.out, /listening on 127\.0\.0\.1 port 7781\n.*throwaway key/);
    assert.match(outcome.out, /\n {2}ws:\/\/test\/home\n/);
    assert.equal(options.port, undefined);
    assert.deepEqual(options.settings().relays, { home: [ADDRESS] });
    assert.ok(closed());
    const { outcome: json } = await running(["--json", "--port", "0"]);
    assert.deepEqual(JSON.parse(json.out), { port: 7781, relays: { home: "ws://test/home" } });
  });

  it("signs with --key, else the environment, else as it was told", async () => {
    const mine = join(home, "mine.key");
    createKeyFile(mine, key);
    await gateway("add", ADDRESS);
    await gateway("sign", mine);
    const other = generateSecretKey(crypto);
    const environment = { NPUBWIRE_CLIENT_KEY: encodeNsec(other) };
    for (const [args, parts, expected] of [
      [[], {}, npub],
      [[], { environment }, encodeNpub(publicKeyOf(other, crypto))],
      [["--key", mine], { environment }, npub],
    ] as const) {
      const { outcome, options } = await running(args, parts);
      assert.ok(outcome.out.includes(`signs in as ${expected}`), outcome.out);
      const pubkey = await options.signer().getPublicKey();
      assert.equal(encodeNpub(pubkey as never), expected);
    }
  });

  it("asks for the password of an encrypted key, and stops after three wrong ones", async () => {
    await gateway("add", ADDRESS);
    await gateway("sign", encrypt(key, "pw", 4));
    const asked: string[] = [];
    const typing = (word: string) => ({
      askPassword: async (question: string) => {
        asked.push(question);
        return word;
      },
    });
    const { outcome } = await running([], typing("pw"));
    assert.ok(outcome.out.includes(npub));
    const wrong = await npubwire(["gateway"], { home, ...typing("guess") });
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /the password is wrong/);
    const question = "Password of the encrypted key: ";
    const again = `That was not it. ${question}`;
    assert.deepEqual(asked, [question, question, again, again]);
    assert.match((await gateway()).err, /needs a password: start this at a terminal/);
  });

  it("finds relays that are added meanwhile, and survives a file that is being edited", async () => {
    await gateway("add", ADDRESS, "--name", "home");
    const { options, outcome } = await running([], {}, async ({ settings: current }) => {
      await gateway("add", ADDRESS, "--name", "second");
      assert.deepEqual(Object.keys(current().relays), ["home", "second"]);
      writeFileSync(file, "{");
      assert.deepEqual(Object.keys(current().relays), ["home", "second"]);
    });
    assert.match(outcome.err, /settings not read/);
    assert.equal(options.settings().port, 7780);
  });
});

async function gateway(...args: string[]): Promise<Outcome> {
  return await npubwire(["gateway", ...args], { home });
}

function settings() {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Runs the gateway without sockets, lets `use` have it, and stops it. */
async function running(
  args: readonly string[],
  parts: Partial<CliParts> = {},
  use: (options: GatewayOptions) => Promise<void> = async () => {},
) {
  const stop = new AbortController();
  let given: GatewayOptions | undefined;
  let isClosed = false;
  const outcome = await npubwire(["gateway", ...args], {
    home,
    stop: stop.signal,
    async startGateway(options) {
      given = options;
      await use(options);
      setImmediate(() => stop.abort());
      return {
        port: 7781,
        url: (name) => `ws://test/${name}`,
        close: async () => {
          isClosed = true;
        },
      };
    },
    ...parts,
  });
  assert.ok(given, outcome.err);
  return { outcome, options: given, closed: () => isClosed };
}
