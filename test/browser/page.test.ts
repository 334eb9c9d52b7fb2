/** The page at the relay's URL in a real Chromium: its check, its buttons, and who can use it. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { writeBundles } from "../../build/bundle.ts";
import { secureWebSocket } from "../../src/client.ts";
import { attach, createRelay, parseConfig } from "../../src/index.ts";
import { encodeNpub, encodeNsec, publicKeyOf } from "../../src/nostr/key.ts";
import { selfSigned } from "../bench/certificate.ts";
import { bareClient } from "../e2e/client.ts";
import { crypto, newKey, note } from "../e2e/events.ts";
import { type Scope, type TestRelay, testFolder, testRelay } from "../e2e/setup.ts";
import { openChromium, withoutChromium } from "./chromium.ts";

const SCREENSHOTS = process.env["SCREENSHOTS"] ?? join(tmpdir(), "npubwire-page");
const OTHER = encodeNpub(publicKeyOf(newKey(), crypto));
const HOSTILE = '<img src="https://tracker.example/a.png" onerror="alert(1)"> <b>not bold</b>';

describe("the page in Chromium", withoutChromium, () => {
  before(async () => {
    await writeBundles();
    mkdirSync(SCREENSHOTS, { recursive: true });
  });
  const profile = openChromium();

  /** The page as `relay.test` serves it, over plain http; with every request that it made. */
  async function visit(t: Scope, relay: TestRelay, options: BrowserContextOptions = {}) {
    const context = await profile(options);
    t.after(() => context.close());
    const tab = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    tab.on("request", (request) => requests.push(request.url()));
    tab.on("websocket", (socket) => requests.push(socket.url()));
    tab.on("pageerror", (error) => complaints.push(error.message));
    tab.on("console", (message) => complaints.push(message.text()));
    await tab.goto(`http://relay.test:${relay.port}/`);
    return { tab, requests, complaints };
  }

  it("finds that the relay holds its key, and shows what a stranger may see", async (t) => {
    const relay = await testRelay(t, { config: { information: CLUB } });
    await publish(relay, HOSTILE, "Good morning");
    const { tab, requests, complaints } = await visit(t, relay);
    assert.match(await verdict(tab), /^Yes\. The relay here holds the key of npub1/);
    assert.match(
      (await tab.textContent("#unproven")) ?? "",
      /plain http, so the page itself is not proved/,
    );
    assert.match(
      (await tab.textContent("#figures")) ?? "",
      /Connected and proved\d+ ms.*First answer\d+ ms/,
    );
    const notes = await tab.locator("#notes .content").allTextContents();
    assert.deepEqual(notes.sort(), [HOSTILE, "Good morning"].sort());
    assert.equal(await tab.locator("img, #notes b").count(), 0);
    assert.equal(
      await tab.textContent("#address"),
      `nostr+ws://${relay.npub}@relay.test:${relay.port}`,
    );
    // Nobody else hears of the visit, and nothing broke the page's own rules.
    assert.ok(requests.every((url) => new URL(url).host === `relay.test:${relay.port}`));
    assert.deepEqual(complaints, []);
  });

  it("tells another key from the one that is here", async (t) => {
    const relay = await testRelay(t);
    const { tab } = await visit(t, relay);
    await verdict(tab);
    const another = await check(tab, OTHER);
    assert.match(another, /^No: another key\. /);
    assert.ok(another.includes(OTHER) && another.includes(relay.npub));
    assert.equal(await tab.isVisible("#figures"), false);
    const elsewhere = relay.address.replace("127.0.0.1", "elsewhere.example");
    for (const right of [elsewhere, relay.nprofile, ` ${relay.npub}\n`, `nostr:${relay.npub}`]) {
      assert.match(await check(tab, right), /^Yes\. /, right);
    }
    assert.match(await check(tab, "npub1nonsense"), /^This cannot be checked: expected an npub/);
    const nsec = encodeNsec(newKey());
    const answer = await check(tab, nsec);
    assert.match(answer, /secret key/);
    assert.equal(answer.includes(nsec), false);
    assert.equal(await tab.inputValue("#key"), "");
    await relay.close();
    assert.match(
      await check(tab, relay.npub),
      /^No encrypted channel came about: the connection failed/,
    );
  });

  it("says so when the relay proves its key and shows strangers nothing", async (t) => {
    for (const access of [{ read: { allow: [OTHER] } }, { connect: { allow: [OTHER] } }]) {
      const relay = await testRelay(t, { config: { access } });
      const { tab } = await visit(t, relay);
      assert.match(await verdict(tab), /^Yes\. /);
      const why = (await tab.textContent("#notes-empty")) ?? "";
      assert.match(why, /^The relay shows strangers nothing: .*restricted/);
    }
  });

  it("copies without the clipboard API, and selects where nothing else works", async (t) => {
    const relay = await testRelay(t);
    const { tab } = await visit(t, relay);
    await verdict(tab);
    assert.equal(await tab.evaluate(() => "clipboard" in navigator), false);
    await tab.getByRole("button", { name: "Copy npub" }).click();
    await tab.getByText("Copied.", { exact: true }).waitFor();
    await tab.fill("#key", "");
    await tab.focus("#key");
    await tab.keyboard.press("ControlOrMeta+V");
    assert.equal(await tab.inputValue("#key"), relay.npub);
    await tab.evaluate(() => Object.assign(document, { execCommand: () => false }));
    await tab.getByRole("button", { name: "Copy Address" }).click();
    await tab.getByText("It is selected").waitFor();
    const selected = await tab.evaluate(() => String(getSelection()));
    assert.equal(selected, await tab.textContent("#address"));
  });

  it("has names, landmarks and an order for those who do not see it or use no mouse", async (t) => {
    const relay = await testRelay(t, { config: { information: CLUB } });
    const { tab } = await visit(t, relay);
    await verdict(tab);
    const tree = await tab.locator("body").ariaSnapshot();
    for (const line of [
      "- banner:",
      '- heading "The club" [level=1]',
      "- main:",
      '- region "Address":',
      '- group "npub":',
      '- button "Copy npub"',
      '- button "Copy Address"',
      '- img "QR code"',
      '- region "Live check":',
      '- textbox "npub to check"',
      '- button "Check"',
      "- status: Yes. The relay here holds the key",
      '- region "Connect":',
      '- region "What is allowed":',
      "- contentinfo:",
    ]) {
      assert.ok(tree.includes(line), `${line}\n${tree}`);
    }
    assert.equal(await tab.getAttribute("html", "lang"), "en");
    const order: string[] = [];
    for (let presses = 0; presses < 5; presses++) {
      await tab.keyboard.press("Tab");
      order.push(
        await tab.evaluate(
          () => (document.activeElement?.id || document.activeElement?.tagName) ?? "",
        ),
      );
      const outline = await tab.evaluate(
        () => getComputedStyle(document.activeElement)["outlineStyle"],
      );
      assert.equal(outline, "solid", `focus shows on ${order.at(-1)}`);
    }
    assert.deepEqual(order, ["copy-npub", "copy-address", "key", "BUTTON", "A"]);
    await tab.fill("#key", OTHER);
    await tab.press("#key", "Enter");
    assert.match(await verdict(tab, "bad"), /^No: another key/);
  });

  for (const [name, options] of Object.entries({
    light: { colorScheme: "light", viewport: { width: 1_100, height: 900 } },
    dark: { colorScheme: "dark", viewport: { width: 1_100, height: 900 } },
    phone: { colorScheme: "light", viewport: { width: 320, height: 700 } },
  } satisfies Record<string, BrowserContextOptions>)) {
    it(`is legible and fits: ${name}`, async (t) => {
      const relay = await testRelay(t, { config: { information: CLUB } });
      await publish(relay, "Good morning", "x".repeat(500));
      const { tab } = await visit(t, relay, options);
      await verdict(tab);
      await tab.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
      const overflow = await tab.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(overflow, 0);
      for (const selector of [
        "h1",
        ".quiet",
        "code",
        "#unproven",
        "#result",
        ".terms dt",
        "#check button",
        "a",
      ]) {
        const ratio = await contrast(tab, selector);
        assert.ok(ratio >= 4.5, `${selector}: ${ratio.toFixed(2)}`); // WCAG 2.2, 1.4.3
      }
    });
  }

  it("dials with wss from a page that came over TLS, and says what a certificate is worth", async (t) => {
    const relay = await createRelay({ config: parseConfig({}, { data: testFolder(t) }) });
    t.after(() => relay.close());
    const { key, certificate } = selfSigned("relay.test");
    const server = createServer({ key, cert: certificate });
    attach(server, relay);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const context = await profile({ ignoreHTTPSErrors: true });
    t.after(() => context.close());
    const tab = await context.newPage();
    const { port } = server.address() as AddressInfo;
    await tab.goto(`https://relay.test:${port}/`);
    assert.match(await verdict(tab), /^Yes\. /);
    assert.match(
      (await tab.textContent("#unproven")) ?? "",
      /^This page came over TLS: a certificate/,
    );
    const address = `nostr+wss://${relay.npub}@relay.test:${port}`;
    assert.equal(await tab.textContent("#address"), address);
  });

  it("says what it can without JavaScript", async (t) => {
    const relay = await testRelay(t);
    const { tab } = await visit(t, relay, { javaScriptEnabled: false });
    assert.equal(await tab.textContent("#npub"), relay.npub);
    assert.equal(await tab.getByText("The check needs JavaScript").isVisible(), true);
    assert.equal(await tab.locator("button:visible").count(), 0);
    assert.equal(await tab.locator("#address-field").isVisible(), false);
  });
});

const CLUB = {
  name: "The club",
  description: "For members.",
  icon: "https://elsewhere.example/icon.png",
  contact: "mailto:ana@example.com",
};

/** What runs in the page; these tests need a few more parts of it than `browser.ts`. */
declare const document: {
  readonly activeElement: { readonly id: string; readonly tagName: string } | null;
  readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
};
declare const navigator: object;
declare function getSelection(): unknown;
declare function getComputedStyle(element: unknown): Readonly<Record<string, string>>;

async function publish(relay: TestRelay, ...contents: readonly string[]): Promise<void> {
  const client = await bareClient(relay.address, secureWebSocket());
  for (const content of contents) {
    client.send(JSON.stringify(["EVENT", note({ content })]));
    await client.next();
  }
  await client.close();
}

/** What the check says, once it has come to an end. */
async function verdict(tab: Page, state = "good"): Promise<string> {
  await tab.locator(`#result.${state}`).waitFor();
  return (await tab.textContent("#result")) ?? "";
}

async function check(tab: Page, key: string): Promise<string> {
  await tab.locator("#check button:enabled").waitFor();
  await tab.fill("#key", key);
  await tab.click("#check button");
  await tab.locator("#result.good, #result.bad").waitFor();
  return (await tab.textContent("#result")) ?? "";
}

/** Between the text of the first such element and what lies below it (WCAG 2.2, "contrast ratio"). */
async function contrast(tab: Page, selector: string): Promise<number> {
  const colours = await tab
    .locator(selector)
    .first()
    .evaluate((start) => {
      type Node = { readonly parentElement: Node | null };
      let node = start as unknown as Node | null;
      const colour = getComputedStyle(node)["color"] ?? "";
      let ground = "";
      for (; node && !/^rgb\(/.test(ground); node = node.parentElement) {
        ground = getComputedStyle(node)["backgroundColor"] ?? "";
      }
      return [colour, ground];
    });
  const [a = 0, b = 0] = colours.map(luminance).sort((one, other) => other - one);
  return (a + 0.05) / (b + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+/g) ?? []).slice(0, 3).map((value) => {
    const part = Number(value) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.212_6 * r + 0.715_2 * g + 0.072_2 * b;
}
