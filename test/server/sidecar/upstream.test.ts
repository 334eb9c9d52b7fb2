import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseUpstream } from "../../../src/server/sidecar/upstream.ts";

describe("the relay behind a sidecar", () => {
  const urls: readonly (readonly [string, string, boolean])[] = [
    ["ws://127.0.0.1:7777", "http://127.0.0.1:7777/", false],
    ["ws://localhost/relay?a=b", "http://localhost/relay?a=b", false],
    ["ws://[::1]:8080/", "http://[::1]:8080/", false],
    ["ws://10.0.0.5:7777", "http://10.0.0.5:7777/", true],
    ["wss://relay.example.com", "https://relay.example.com/", false],
  ];
  for (const [url, httpUrl, isExposed] of urls) {
    it(`may be at ${url}`, () => {
      const upstream = parseUpstream(url);
      assert.ok(upstream.ok);
      assert.deepEqual(upstream.value, { url: new URL(url).href, httpUrl, isExposed });
    });
  }

  for (const url of [
    "",
    "127.0.0.1:7777",
    "http://127.0.0.1:7777",
    "nostr+ws://npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6@127.0.0.1",
    "ws://user:password@127.0.0.1",
    "ws://127.0.0.1/#here",
  ]) {
    it(`is not at "${url}"`, () => assert.equal(parseUpstream(url).ok, false));
  }
});
