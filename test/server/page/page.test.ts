import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { writeBundles } from "../../../build/bundle.ts";
import { silent } from "../../../src/log.ts";
import { MemoryRulings } from "../../../src/moderation/memory.ts";
import { encodeNpub, publicKeyOf } from "../../../src/nostr/key.ts";
import { parseConfig } from "../../../src/server/config.ts";
import { informationDocument } from "../../../src/server/http/information.ts";
import { openPage } from "../../../src/server/page/page.ts";
import { crypto, newKey } from "../../e2e/events.ts";
import { type Scope, type TestRelay, testRelay } from "../../e2e/setup.ts";

const BROWSER = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("the page at the relay's URL", () => {
  before(writeBundles);

  it("is for browsers; NIP-11 and the short answer stay", async (t) => {
    const relay = await named(t, { name: "Ana's relay" });
    const page = await get(relay, BROWSER);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    const text = await page.text();
    assert.match(text, /<h1>Ana&#39;s relay<\/h1>/);
    assert.ok(text.includes(relay.npub));
    const document = await get(relay, { Accept: "application/nostr+json, text/html" });
    assert.equal(((await document.json()) as { name: string }).name, "Ana's relay");
    assert.equal((await get(relay, {})).status, 426);
  });

  it("turns nothing that the operator writes into markup, links or requests", async (t) => {
    const evil = `"><script>alert(1)</script><img src=x>'`;
    const relay = await named(t, {
      name: evil,
      description: evil,
      contact: "javascript:alert(1)",
      icon: "https://elsewhere.example/icon.png",
      termsOfService: `https://terms.example/"onclick="alert(1)`,
    });
    const text = await (await get(relay, BROWSER)).text();
    assert.equal(text.match(/<script/g)?.length, 1);
    assert.doesNotMatch(text, /<img|href="javascript|"onclick|<style|style="/);
    const loaded = [...text.matchAll(/<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"/g)];
    assert.deepEqual(
      loaded.map(([, url]) => url?.replace(/-.*\./, "-….")),
      ["data:,", "?page-….css", "?page-….js"],
    );
  });

  it("shows an icon that needs no request", async (t) => {
    const icon = "data:image/png;base64,iVBORw0KGgo=";
    const text = await (await get(await named(t, { icon }), BROWSER)).text();
    assert.ok(text.includes(`<img class="icon" src="${icon}" alt=""`));
  });

  it("forbids everything that it does not need", async (t) => {
    const page = await get(await testRelay(t), BROWSER);
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(
      policy,
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/,
    );
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(page.headers.get("x-content-type-options"), "nosniff");
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
  });

  it("costs nothing when it is known already, and its parts are kept for good", async (t) => {
    const relay = await testRelay(t);
    const page = await get(relay, BROWSER);
    const etag = page.headers.get("etag") ?? "";
    const again = await get(relay, { ...BROWSER, "If-None-Match": etag });
    assert.deepEqual([again.status, await again.text()], [304, ""]);
    assert.equal((await get(relay, { ...BROWSER, "If-None-Match": '"other"' })).status, 200);
    for (const [query] of (await page.text()).matchAll(/\?page-[\w-]+\.(?:js|css)/g)) {
      const part = await get(relay, { Accept: "*/*" }, query);
      assert.equal(part.status, 200);
      assert.match(part.headers.get("cache-control") ?? "", /immutable/);
      assert.equal(part.headers.get("content-encoding"), "gzip");
      const plain = await get(relay, { Accept: "*/*", "Accept-Encoding": "identity" }, query);
      assert.equal(plain.headers.get("content-encoding"), null);
      assert.equal(await plain.text(), await part.text());
    }
    const unknown = await get(relay, { Accept: "*/*" }, "?page-0000.js");
    assert.equal(unknown.status, 426);
  });

  it("answers HEAD with the headers alone", async (t) => {
    const relay = await testRelay(t);
    const head = await fetch(urlOf(relay), { method: "HEAD", headers: BROWSER });
    assert.equal(head.status, 200);
    assert.ok(Number(head.headers.get("content-length")) > 1_000);
    assert.equal(await head.text(), "");
  });

  it("names the address that people should use, where one is configured", async (t) => {
    const addresses = ["wss://relay.example.com/club"];
    const relay = await testRelay(t, { config: { addresses, path: "/club" } });
    const text = await (await get(relay, BROWSER)).text();
    assert.ok(text.includes(`nostr+wss://${relay.npub}@relay.example.com/club</code>`));
    const bare = await (await get(await testRelay(t), BROWSER)).text();
    assert.doesNotMatch(bare, /@127\.0\.0\.1/);
  });

  it("is rendered anew when administrators change what it says, and only then", () => {
    const rulings = new MemoryRulings();
    const config = parseConfig({}, { data: "unused" });
    const document = informationDocument(config, publicKeyOf(newKey(), crypto), rulings);
    const page = openPage({
      config,
      rulings,
      log: silent,
      places: { address: undefined },
      document,
    });
    const read = () => page?.answer({ url: "/", headers: { accept: "text/html" } })?.body;
    const first = read();
    assert.equal(read(), first);
    rulings.set("information", "name", "Another name");
    rulings.set("disallowed kind", "4", "");
    const second = String(read());
    assert.match(second, /<h1>Another name<\/h1>/);
    assert.match(second, /Kinds 0–3, 5–65535/);
  });

  it("names no member, and does not exist where the relay is hidden", async (t) => {
    const npub = encodeNpub(publicKeyOf(newKey(), crypto));
    const access = { read: { allow: [npub] }, connect: { allow: [npub] } };
    const open = await testRelay(t, { config: { access } });
    assert.ok(!(await (await get(open, BROWSER)).text()).includes(npub));
    const hidden = await named(t, { hidden: true });
    for (const query of ["", "?page-0000.js"]) {
      const answer = await get(hidden, BROWSER, query);
      assert.deepEqual([answer.status, await answer.text()], [404, ""]);
    }
  });
});

function named(t: Scope, information: Readonly<Record<string, unknown>>): Promise<TestRelay> {
  return testRelay(t, { config: { information } });
}

function urlOf({ port, address }: TestRelay): string {
  return `http://127.0.0.1:${port}${address.endsWith("/club") ? "/club" : "/"}`;
}

function get(relay: TestRelay, headers: Record<string, string>, query = ""): Promise<Response> {
  return fetch(urlOf(relay) + query, { headers });
}
