import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProxy } from "../../../src/server/dial/proxy.ts";

describe("parseProxy", () => {
  for (const text of [
    "socks5h://127.0.0.1:9050",
    "socks5h://localhost",
    "socks5h://[::1]:9050/",
    "socks5h://user:secret@proxy.example:1080",
    "SOCKS5H://127.0.0.1",
  ]) {
    it(`reads ${text}`, () => assert.equal(parseProxy(text).ok, true));
  }

  for (const text of [
    "",
    "127.0.0.1:9050",
    "socks5h://",
    "socks5h:9050",
    "socks5h://127.0.0.1/path",
    "socks5h://127.0.0.1?query",
    "socks5h://127.0.0.1#fragment",
    "socks5h://127.0.0.1:99999",
    "http://127.0.0.1:9050",
    "socks4a://127.0.0.1",
    "socks://127.0.0.1",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseProxy(text), { ok: false, reason: "expected socks5h://host:port" });
    });
  }

  for (const text of ["socks5://user:secret@proxy.example", "socks4://127.0.0.1"]) {
    it(`says of ${text} what to write, and not the password`, () => {
      const proxy = parseProxy(text);
      assert.ok(!proxy.ok);
      assert.match(proxy.reason, /looks? up names .*socks5h/);
      assert.doesNotMatch(proxy.reason, /secret/);
    });
  }
});
