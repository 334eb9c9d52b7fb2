import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProfile } from "../../src/nostr/address.ts";
import { parsePublicKey } from "../../src/nostr/key.ts";
import { announce } from "../../src/server/announcement.ts";

const NPUB = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
const OTHER = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
const key = parsePublicKey(NPUB);
assert.ok(key.ok);
const relay = key.value;
const bound = { host: "0.0.0.0", path: "/", addresses: [] };

describe("announce", () => {
  const hosts: readonly (readonly [string, string])[] = [
    ["0.0.0.0", "127.0.0.1:7777"],
    ["::", "127.0.0.1:7777"],
    ["::1", "[::1]:7777"],
    ["192.0.2.1", "192.0.2.1:7777"],
    ["localhost", "localhost:7777"],
  ];
  for (const [host, authority] of hosts) {
    it(`makes an address of the host ${host}`, () => {
      const { npub, address } = announce({ ...bound, host }, relay, 7777);
      assert.equal(npub, NPUB);
      assert.equal(address, `nostr+ws://${NPUB}@${authority}`);
    });
  }

  it("keeps the path", () => {
    const { address } = announce({ ...bound, path: "/nostr" }, relay, 7777);
    assert.equal(address, `nostr+ws://${NPUB}@127.0.0.1:7777/nostr`);
  });

  it("prefers what is configured, and puts all of it into the nprofile", () => {
    const addresses = ["wss://relay.example.com", `nostr+ws://${NPUB}@10.0.0.1:7777`];
    const { address, nprofile } = announce({ ...bound, addresses }, relay, 7777);
    assert.equal(address, `nostr+wss://${NPUB}@relay.example.com`);
    const profile = parseProfile(nprofile);
    assert.ok(profile.ok);
    assert.deepEqual(
      profile.value.map((entry) => entry.canonical),
      [address, `nostr+ws://${NPUB}@10.0.0.1:7777`],
    );
  });

  it("refuses an address that names another key", () => {
    const addresses = ["wss://relay.example.com", `nostr+ws://${OTHER}@relay.example.com`];
    assert.throws(() => announce({ ...bound, addresses }, relay, 7777), {
      name: "ConfigError",
      problems: ["addresses[1]: the address names another relay key than the one beside it"],
    });
  });

  it("knows the URLs of requests by the way they came (NIP-98)", () => {
    const addresses = ["wss://relay.example.com/inbox", "ws://10.0.0.1:7777"];
    const { isRequestUrl } = announce({ ...bound, addresses }, relay, 7777);
    for (const [url, overTls, locally] of [
      ["https://relay.example.com/inbox", true, true],
      ["wss://RELAY.example.com:443/inbox/", true, true],
      ["http://relay.example.com:443/inbox", false, true],
      ["http://10.0.0.1:7777/", false, true],
      ["http://127.0.0.1:7777", false, true],
      ["ws://[::1]:7777/", false, true],
      ["ws://[::1]:7777/inbox", false, false],
      ["https://relay.example.com/", false, false],
      ["https://127.0.0.1:7777/", false, true],
      ["http://127.0.0.1:7778/", false, false],
      ["https://relay.example.com/other", false, false],
      ["https://relay.example.com/?a", false, false],
      ["https://relay.example.com/#a", false, false],
      ["https://relay.example.com.evil.example/", false, false],
      ["ftp://relay.example.com/", false, false],
      ["", false, false],
    ] as const) {
      assert.deepEqual(
        [isRequestUrl(url, "tls"), isRequestUrl(url, "local")],
        [overTls, locally],
        url,
      );
    }
  });

  it("knows its own URLs by their path, too: two relays may share a host", () => {
    const addresses = ["wss://example.com/a", "ws://10.0.0.1:7777/"];
    const { isOwnUrl } = announce({ ...bound, addresses }, relay, 7777);
    for (const url of [
      "wss://example.com/a",
      "wss://example.com/a/",
      "wss://example.com/a?token=1",
      `nostr+wss://${NPUB}@example.com/a`,
      "ws://10.0.0.1:7777",
    ]) {
      assert.equal(isOwnUrl(url), true, url);
    }
    for (const url of ["wss://example.com/b", "wss://example.com", "wss://example.com/a/b"]) {
      assert.equal(isOwnUrl(url), false, url);
    }
    const local = announce({ ...bound, path: "/nostr/" }, relay, 7777);
    assert.equal(local.isOwnUrl("ws://localhost:7777/nostr"), true);
    assert.equal(local.isOwnUrl("ws://localhost:7777"), false);
    const slashes = `ws://localhost:7777${"/".repeat(400_000)}x`;
    assert.equal(local.isOwnUrl(slashes), false, "in no time");
  });

  it("knows its own URLs by host, port and key", () => {
    const addresses = ["wss://relay.example.com", "ws://10.0.0.1:7777"];
    const { isOwnUrl } = announce({ ...bound, addresses }, relay, 7777);
    for (const url of [
      "wss://relay.example.com",
      "WSS://Relay.Example.Com:443/",
      `nostr+wss://${NPUB}@relay.example.com`,
      `nostr+ws://${NPUB}@10.0.0.1:7777`,
    ]) {
      assert.equal(isOwnUrl(url), true, url);
    }
    for (const url of [
      "",
      "ws://relay.example.com",
      "wss://example.com",
      "ws://10.0.0.1",
      "https://relay.example.com",
      `nostr+wss://${OTHER}@relay.example.com`,
      `nostr+wss://${NPUB}@other.example.com`,
    ]) {
      assert.equal(isOwnUrl(url), false, url);
    }
  });

  it("asks for an address where the host cannot stand in a URL", () => {
    assert.throws(() => announce({ ...bound, host: "fe80::1%eth0" }, relay, 7777), {
      name: "ConfigError",
      message: /addresses: needed/,
    });
  });
});
