import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OUTPUT_CLOSED } from "../../src/cli/parts.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { madeUp } from "../nostr/arbitrary.ts";
import { npubwire, type Outcome } from "./harness.ts";

const events = Array.from({ length: 1200 }, (_, n) =>
  madeUp({ created_at: n, kind: n % 3, tags: [["t", `${n % 2}`]], content: `${n}` }),
).filter(({ kind }) => kind !== 0);

describe("npubwire export", () => {
  it("prints everything, oldest first", async () => {
    const { code, out, err } = await exporting();
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(out, events.map(({ json }) => `${json}\n`).join(""));
  });

  it("prints the newest first when asked to", async () => {
    const { out } = await exporting(["--reverse"]);
    assert.deepEqual(seconds(out), events.map((event) => event.created_at).reverse());
  });

  it("keeps to --since and --until, both inclusive", async () => {
    assert.deepEqual(seconds((await exporting(["--since", "1195"])).out), [1195, 1196, 1198, 1199]);
    assert.deepEqual(seconds((await exporting(["--until", "4"])).out), [1, 2, 4]);
  });

  it("takes filters, one or a list, and repeated; time bounds hold for each", async () => {
    const [one, two] = ['{"kinds":[1],"since":5}', '{"#t":["0"],"until":10}'];
    const flags = ["--since", "3", "--until", "11"];
    for (const given of [
      ["--filter", `[${one},${two}]`],
      ["--filter", one, "--filter", two],
    ]) {
      const { code, out } = await exporting([...given, ...flags]);
      assert.equal(code, 0);
      assert.deepEqual(seconds(out), [4, 7, 8, 10]);
    }
    assert.equal((await exporting(["--filter", "[]"])).out, "");
  });

  for (const [given, reason] of [
    ["{", /Not JSON: column 2/],
    ["7", /invalid: filter is not an object/],
    ['[{"kinds":["x"]}]', /invalid: kinds must be integers/],
    ['{"nothing":1}', /unsupported: filter contains unknown elements/],
    ['{"limit":3}', /A limit has no place here/],
  ] as const) {
    it(`refuses --filter ${given}`, async () => {
      const { code, out, err } = await exporting(["--filter", given]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, reason);
    });
  }

  it("leaves texts as they are, but lets none steer a terminal", async () => {
    const store = new MemoryStore();
    const event = madeUp({ content: "a\u009b31m\u007f\u2028" });
    await store.insert([event]);
    const openDatabase = async () => store;
    assert.equal((await npubwire(["export"], { openDatabase })).out, `${event.json}\n`);
    const terminal = { out: true, err: true };
    const { out } = await npubwire(["export"], { openDatabase, terminal });
    assert.ok(out.includes("a\\u009b31m\\u007f\u2028"));
    assert.deepEqual(JSON.parse(out), JSON.parse(event.json));
  });

  it("waits until standard output takes more", async () => {
    let printed = 0;
    let most = 0;
    const { code } = await exporting([], {
      out: (text) => {
        printed += text.length;
        most = Math.max(most, printed);
      },
      drained: async () => {
        printed = 0;
      },
    });
    assert.equal(code, 0);
    assert.ok(most < events.reduce((sum, { json }) => sum + json.length, 0));
  });

  it("ends quietly when nobody reads, and fails when it is stopped", async () => {
    for (const [reason, expected] of [
      [OUTPUT_CLOSED, 0],
      [undefined, 1],
    ] as const) {
      const stop = new AbortController();
      let pages = 0;
      const { code, err } = await exporting([], {
        stop: stop.signal,
        out: () => {
          pages += 1;
          stop.abort(reason);
        },
      });
      assert.deepEqual([code, pages], [expected, 1]);
      assert.equal(err, expected ? "npubwire: stopped before everything was printed\n" : "");
    }
  });

  it("makes no database where there is none", async () => {
    const hasDatabase = () => false;
    const { code, err } = await npubwire(["export", "--data", "nowhere"], { hasDatabase });
    assert.equal(code, 2);
    assert.match(err, /^npubwire: there is no database in .*nowhere\nName the relay's folder/);
  });
});

async function exporting(
  flags: readonly string[] = [],
  parts: Parameters<typeof npubwire>[1] = {},
): Promise<Outcome> {
  const store = new MemoryStore();
  await store.insert(events);
  return await npubwire(["export", ...flags], { openDatabase: async () => store, ...parts });
}

function seconds(out: string): readonly number[] {
  const lines = out.split("\n").slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { created_at: number }).created_at);
}
