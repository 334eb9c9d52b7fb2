/**
 * Client libraries as npm has them, each with its recipe in `libraries/`: at our relay, through a
 * sidecar, and without the recipe through a gateway. What works makes the table in the README.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { NSchema } from "@nostrify/nostrify";
import { publishOne } from "@welshman/net";
import { secureWebSocket } from "../../src/client.ts";
import { bareClient } from "./client.ts";
import { forTools, note } from "./events.ts";
import { testGateway } from "./gateway.ts";
import { type Tap, tap } from "./middleman.ts";
import { bundled, recipe, run, unmodified } from "./recipe.ts";
import { type Scope, testRelay, testSidecar } from "./setup.ts";
import { nostrRelayCore, upstream } from "./upstreams.ts";

interface Library {
  readonly package: string;
  readonly recipe: string;
  /** Whether it leaves `nostr+ws://npub1…@host` as it is, or wants `ws://host`. */
  readonly url: "`nostr+ws://npub1…`" | "`ws://`, in `relays`";
  /** What the recipe prints. */
  readonly hears?: readonly string[];
  /** Where it cannot take a class at all: how it can. */
  readonly only?: "in browsers";
  /** What our relay must be told for it. */
  readonly config?: { readonly eoseHints: false };
}

const LIBRARIES: readonly Library[] = [
  { package: "nostr-tools", recipe: "nostr-tools", url: "`nostr+ws://npub1…`" },
  { package: "@nostr-dev-kit/ndk", recipe: "ndk", url: "`ws://`, in `relays`" },
  { package: "rx-nostr", recipe: "rx-nostr", url: "`nostr+ws://npub1…`" },
  { package: "applesauce-relay", recipe: "applesauce", url: "`nostr+ws://npub1…`" },
  {
    package: "@nostrify/nostrify",
    recipe: "nostrify",
    url: "`nostr+ws://npub1…`",
    config: { eoseHints: false },
  },
  {
    package: "nostr-fetch",
    recipe: "nostr-fetch",
    url: "`nostr+ws://npub1…`",
    hears: ["stored"],
    config: { eoseHints: false },
  },
  {
    package: "@welshman/net",
    recipe: "welshman",
    url: "`ws://`, in `relays`",
    only: "in browsers",
  },
];

/** Where a recipe connects to, and the encrypted part of the way there. */
interface Place {
  readonly npub: string;
  /** With the npub; for a library that is told nothing of it, the gateway's URL. */
  readonly address: string;
  readonly wire: Tap;
}

type Form = "relay" | "sidecar" | "gateway";

type Open = (t: Scope, config?: Library["config"]) => Promise<Place>;

const FORMS: Readonly<Record<Form, Open>> = {
  async relay(t, config) {
    return await overheard(t, await testRelay(t, { config: { ...config } }));
  },
  async sidecar(t) {
    const { url } = await nostrRelayCore(t);
    return await overheard(t, await testSidecar(t, url));
  },
  async gateway(t, config) {
    const relay = await FORMS.relay(t, config);
    const gateway = await testGateway(t, { home: relay.address });
    return { ...relay, address: gateway.url("home") };
  },
};

const README = new URL("../../../README.md", import.meta.url);
const SECTION = /^(.*<!-- libraries:begin -->\n)(.*?)(<!-- libraries:end -->.*)$/s;
const HEAD = `
| library | how the class gets in | its URL | our relay | sidecar | gateway |
|---|---|---|---|---|---|
`;

/** What the table says, by package and form. */
const cells = new Map<string, string>();

for (const [form, open] of Object.entries(FORMS) as [Form, Open][]) {
  test(`libraries, ${form}`, async (t) => {
    const places = [await open(t), await open(t, { eoseHints: false })] as const;
    for (const library of LIBRARIES) {
      await t.test(library.package, async () => {
        const place = library.config ? places[1] : places[0];
        const { toClient } = place.wire;
        const start = toClient.length;
        const [program, env] = prepared(library, form, place);
        const heard = await run(program, env, place.wire);
        assert.deepEqual(heard, library.hears ?? ["stored", "live"]);
        const bytes = Buffer.concat(toClient.slice(start));
        assert.ok(bytes.length > 500 && !bytes.includes("created_at"), "it was not encrypted");
        cells.set(`${library.package} ${form}`, cell(library, form));
      });
    }
  });
}

test("the README's table says what these tests have found", () => {
  assert.equal(cells.size, LIBRARIES.length * Object.keys(FORMS).length, "some tests have failed");
  const readme = readFileSync(README, "utf8");
  const [, before = "", found = "", after = ""] = SECTION.exec(readme) ?? [];
  const table = `${HEAD}${LIBRARIES.map(row).join("")}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(README, `${before}${table}${after}`);
  else
    assert.equal(found, table, "to renew it: UPDATE=1 node --test dist/test/e2e/libraries.test.js");
});

test("in Node, @welshman/net takes no class: it tries plaintext, and is turned away", async (t) => {
  const { npub, address, wire } = await FORMS.relay(t);
  const env = { RELAY: address.replace(`nostr+ws://${npub}@`, "ws://"), NPUB: npub };
  assert.deepEqual(await run(recipe("welshman"), env, wire), []);
  assert.match(Buffer.concat(wire.toClient).toString(), /this relay is encrypted, and nothing of/);
});

test("NDK and @welshman/net refuse URLs with a key in them", async (t) => {
  const { address: relay, wire } = await FORMS.relay(t);
  const program = `
    import NDK from "@nostr-dev-kit/ndk";
    console.log(new NDK({ explicitRelayUrls: ["${relay}"] }).pool.relays.size);
    process.exit();`;
  assert.deepEqual(await run(program, {}, wire), ["0"]);
  await assert.rejects(publishOne({ relay, event: forTools(note()) }), /^Error: Invalid relay url/);
});

test("Nostrify and nostr-fetch take an EOSE with hints for malformed", async (t) => {
  assert.ok(NSchema.relayMsg().safeParse(["EOSE", "id"]).success);
  assert.ok(!NSchema.relayMsg().safeParse(["EOSE", "id", ["finish"]]).success);
  const relay = await upstream(t, (socket) => {
    socket.on("message", (data) => {
      const [type, id] = JSON.parse(data.toString());
      if (type !== "REQ") return;
      socket.send(JSON.stringify(["EOSE", id, ["finish"]]));
      socket.send(JSON.stringify(["EOSE", id])); // or it would wait for ten seconds
    });
  });
  const wire = await tap(t, relay.port);
  const env = { RELAY: `ws://127.0.0.1:${wire.port}` };
  const [said] = await run(unmodified(recipe("nostr-fetch")), env, wire);
  assert.match(said ?? "", /^malformed R2C EOSE/);
});

function row({ package: name, recipe: file, url }: Library): string {
  const manifest = readFileSync(
    new URL(`../../../node_modules/${name}/package.json`, import.meta.url),
  );
  const { version } = JSON.parse(manifest.toString()) as { version: string };
  const lines = recipe(file).split("\n");
  const [, line = ""] = lines.filter((text) => text.includes("secureWebSocket"));
  const taken = /^(\w+)\(secure|^ *(\w+): secure/.exec(line);
  const how = taken ? `\`${taken[1] ?? taken[2]}\`` : "the global `WebSocket`";
  const works = (Object.keys(FORMS) as Form[]).map((form) => cells.get(`${name} ${form}`));
  return `| ${[`${name} ${version}`, how, url, ...works].join(" | ")} |\n`;
}

function cell({ only, config }: Library, form: Form): string {
  if (config && form !== "sidecar") return "yes, with `eoseHints: false`";
  return only && form !== "gateway" ? `yes, ${only}` : "yes";
}

/** Records what passes on the way to a relay, where an article is waiting. */
async function overheard(
  t: Scope,
  { address, port, npub }: { address: string; port: number; npub: string },
): Promise<Place> {
  const client = await bareClient(address, secureWebSocket());
  const article = note({ kind: 30_023, content: "stored", tags: [["d", "article"]] });
  client.send(`["EVENT",${article.json}]`);
  assert.deepEqual(await client.next(), ["OK", article.id, true, ""]);
  await client.close();
  const wire = await tap(t, port);
  return { npub, wire, address: address.replace(`:${port}`, `:${wire.port}`) };
}

function prepared(
  library: Library,
  form: Form,
  { address, npub }: Place,
): readonly [program: string, env: Readonly<Record<string, string>>] {
  const program = recipe(library.recipe);
  if (form === "gateway") return [unmodified(program), { RELAY: address }];
  const hasKey = library.url === "`nostr+ws://npub1…`";
  const RELAY = hasKey ? address : address.replace(`nostr+ws://${npub}@`, "ws://");
  return [library.only ? bundled(program) : program, { RELAY, NPUB: npub }];
}
