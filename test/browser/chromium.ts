/** A real Chromium for the tests of a file, and an origin whose pages have the bundle. */

import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { after, before } from "node:test";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { bundle } from "../../build/bundle.ts";
import type { Scope } from "../e2e/setup.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Nothing of these tests is about the machine's graphics or Google's services. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Browsers trust 127.0.0.1 as if it were https; what is reached by this name they do not.
  "--host-resolver-rules=MAP relay.test 127.0.0.1",
];

/** The path of Chromium: `CHROMIUM`, or the first one in `PATH`. */
const executable: string | undefined = process.env["CHROMIUM"] ?? findInPath();

/** For `describe` and `test`. On a build machine nothing is skipped: a missing browser is a failure. */
export const withoutChromium: { readonly skip?: string } =
  executable === undefined && process.env["CI"] === undefined
    ? { skip: "there is no Chromium: install one, or name it in CHROMIUM" }
    : {};

/** One browser for the tests of a `describe`; each call of what it returns is a new, empty profile. */
export function openChromium(): (options?: BrowserContextOptions) => Promise<BrowserContext> {
  let browser: Browser | undefined;
  before(async () => {
    if (executable === undefined) throw new Error("there is no Chromium on this build machine");
    browser = await chromium.launch({ executablePath: executable, args: FLAGS });
  });
  after(() => browser?.close());
  return async (options) => {
    if (!browser) throw new Error("Chromium is not running yet");
    return await browser.newContext(options);
  };
}

/** A tab whose page has loaded the bundle as the global `npubwire`, from an origin of its own. */
export async function openApp(t: Scope, context: BrowserContext): Promise<Page> {
  const tab = await context.newPage();
  t.after(() => context.close());
  await tab.goto(await site(t));
  await tab.waitForFunction(() => "npubwire" in globalThis);
  return tab;
}

async function site(t: Scope): Promise<string> {
  const code = await bundle("browser.js");
  const server = createServer((request, response) => {
    const isScript = request.url === "/npubwire.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? code : APP);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const APP = `<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,">
<script type="module">
import * as npubwire from "/npubwire.js";
globalThis.npubwire = npubwire;
</script></html>`;

function findInPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find((file) => existsSync(file));
}
