import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { MemoryRulings } from "../../src/moderation/memory.ts";
import { signEvent, type VerifiedEvent } from "../../src/nostr/event.ts";
import { generateSecretKey } from "../../src/nostr/key.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { EventStore } from "../../src/store.ts";
import { exported, filter } from "../store/ask.ts";
import { crypto, lines, NOW, npubwire, type Outcome } from "./harness.ts";

const key = generateSecretKey(crypto);

describe("npubwire import", () => {
  it("stores events and says what became of each line", async () => {
    const store = new MemoryStore();
    const [old, current] = [signed({ kind: 0, created_at: 5 }), signed({ kind: 0 })];
    const notes = [signed({ content: "1" }), signed({ content: "2" })];
    const given = [...notes, current, old, ...notes.slice(0, 1)].map(({ json }) => json);
    assert.deepEqual(await importing(store, [...given, "", "  "]), {
      code: 0,
      out: "5 lines: 3 stored, 1 duplicate, 1 superseded, 0 deleted, 0 rejected\n",
      err: "",
    });
    const texts = await stored(store);
    assert.deepEqual([...texts].sort(), [...notes, current].map(({ json }) => json).sort());
  });

  it("rejects what administrators have banned", async () => {
    const store = new MemoryStore();
    const rulings = new MemoryRulings();
    const [banned, other] = [signed({ content: "bad" }), signed({ content: "good" })];
    rulings.set("banned event", banned.id, "");
    const given = [banned.json, other.json];
    const { err } = await importing(store, given, ["--show-rejected"], {
      openRulings: async () => rulings,
    });
    assert.match(err, /^line 1: this event is banned from this relay\n/);
    assert.deepEqual(await stored(store), [other.json]);
  });

  it("counts what it rejects, stores the rest, and fails", async () => {
    const store = new MemoryStore();
    const good = signed({ content: "good" });
    const { code, out, err } = await importing(store, [...BAD.map(([line]) => line), good.json]);
    assert.equal(code, 1);
    assert.equal(out, "7 lines: 1 stored, 0 duplicate, 0 superseded, 0 deleted, 6 rejected\n");
    assert.equal(err, "npubwire: lines rejected: 6\n--show-rejected prints which, and why.\n");
    assert.deepEqual(await stored(store), [good.json]);
  });

  it("shows what it rejects, and no more than was asked for", async () => {
    const reasons = BAD.map(([, reason], index) => `line ${index + 1}: ${reason}\n`);
    const given = BAD.map(([line]) => line);
    const all = await importing(new MemoryStore(), given, ["--show-rejected"]);
    assert.equal(all.err, `${reasons.join("")}npubwire: lines rejected: 6\n`);
    const some = await importing(new MemoryStore(), given, ["--show-rejected", "2"]);
    const two = reasons.slice(0, 2).join("");
    assert.equal(some.err, `${two}… and 4 more rejected lines\nnpubwire: lines rejected: 6\n`);
    const many = Array.from({ length: 130 }, () => "{");
    const { err } = await importing(new MemoryStore(), many, ["--show-rejected"]);
    assert.equal(err.match(/^line /gm)?.length, 100);
    assert.match(err, /^… and 30 more rejected lines$/m);
  });

  it("obeys requests to vanish only if they are meant for this relay", async () => {
    const store = new MemoryStore();
    const written = signed({ content: "mine" });
    const elsewhere = signed({ kind: 62, tags: [["relay", "wss://elsewhere.example"]] });
    const { code, err } = await importing(
      store,
      [written.json, elsewhere.json],
      ["--show-rejected"],
    );
    assert.equal(code, 1);
    assert.match(err, /^line 2: this request to vanish is meant for another relay/);
    assert.deepEqual(await stored(store), [written.json]);
    const everywhere = signed({ kind: 62, tags: [["relay", "ALL_RELAYS"]] });
    assert.equal((await importing(store, [everywhere.json])).code, 0);
    assert.deepEqual(await stored(store), [everywhere.json]);
  });

  it("takes signatures on trust when told to, but no id and no ephemeral event", async () => {
    const store = new MemoryStore();
    const trusted = JSON.stringify({ ...JSON.parse(signed({}).json), sig: "0".repeat(128) });
    const given = [trusted, trusted.replace('"content":""', '"content":"x"'), BAD[3][0]];
    const { code, err } = await importing(store, given, ["--no-verify", "--show-rejected"]);
    assert.equal(code, 1);
    assert.match(err, /^line 2: id does not match the event\nline 3: kind 20001 is ephemeral/);
    assert.deepEqual(await stored(store), [trusted]);
  });

  it("renews its progress once a second, on a terminal only", async () => {
    let now = NOW;
    const given = Array.from({ length: 9 }, (_, n) => signed({ content: `${n}` }).json);
    const ticking = { now: () => Math.floor(now++ / 4), after: () => () => {} };
    const onTerminal = { clock: ticking, terminal: { out: true, err: true } };
    const shown = await importing(new MemoryStore(), given, [], onTerminal);
    const progress = shown.err.split("\r\u001b[K").filter((text) => text !== "");
    assert.deepEqual(progress.length, 2);
    assert.match(progress[0] ?? "", /^4 lines: 4 stored, .* 0 rejected, 4 a second$/);
    assert.match(progress[1] ?? "", /^8 lines: 8 stored, .* 0 rejected, 4 a second$/);
    assert.ok(shown.err.endsWith("\r\u001b[K"));
    const hidden = await importing(new MemoryStore(), given, [], { clock: ticking });
    assert.equal(hidden.err, "");
  });

  it("stores what it has read and reports when it is stopped", async () => {
    const store = new MemoryStore();
    const stop = new AbortController();
    const event = signed({});
    async function* input(): AsyncIterable<Uint8Array> {
      yield Buffer.from(`${event.json}\n`);
      setImmediate(() => stop.abort());
      await new Promise(() => {});
    }
    const outcome = await importing(store, [], [], { input: input(), stop: stop.signal });
    assert.equal(outcome.code, 1);
    assert.match(outcome.out, /^1 line: 1 stored/);
    assert.match(outcome.err, /^npubwire: stopped before the end of the input\nWhat was counted/);
    assert.deepEqual(await stored(store), [event.json]);
  });

  it("is patient with a relay that writes, for some time", async () => {
    const store = new MemoryStore();
    const insert = store.insert.bind(store);
    const locked = Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
    const given = ["1", "2"].map((content) => signed({ content }).json);
    for (const [refusals, code] of [
      [11, 0],
      [12, 1],
    ] as const) {
      let tries = 0;
      store.insert = (events) => (++tries <= refusals ? Promise.reject(locked) : insert(events));
      const outcome = await importing(store, given);
      assert.equal(outcome.code, code);
      if (code === 1)
        assert.match(outcome.err, /^npubwire: another program holds the database\nRun/);
      else assert.match(outcome.out, /^2 lines: 2 stored/);
    }
  });

  it("reports how far it came when the database fails", async () => {
    const store = new MemoryStore();
    const insert = store.insert.bind(store);
    let batches = 0;
    store.insert = (events) =>
      ++batches === 2 ? Promise.reject(new Error("database or disk is full")) : insert(events);
    const given = ["1", "2", "3"].map((content) => signed({ content }).json);
    const { code, out, err } = await importing(store, given);
    assert.equal(code, 1);
    assert.match(out, /^1 line: 1 stored/);
    assert.equal(err, "npubwire: database or disk is full\n");
  });

  it("takes lines of 4 MiB, and of what the relay takes if that is more", async () => {
    const line = signed({}).json.padEnd(4 * 2 ** 20);
    const longer = await importing(new MemoryStore(), [line, `${line} `], ["--show-rejected"]);
    assert.equal(longer.err, "line 2: the line is too long\nnpubwire: lines rejected: 1\n");
    const folder = mkdtempSync(join(tmpdir(), "npubwire-cli-import-"));
    try {
      const file = join(folder, "relay.config.json");
      writeFileSync(file, JSON.stringify({ limits: { maxMessageLength: 4 * 2 ** 20 + 1 } }));
      const given = [`${line} `, `${line}  `];
      const { out } = await importing(new MemoryStore(), given, ["--config", file]);
      assert.match(out, /^2 lines: 1 stored, .* 1 rejected$/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("wants standard input", async () => {
    const { code, err } = await npubwire(["import"]);
    assert.equal(code, 2);
    assert.match(err, /^npubwire: there is nothing to import\n/);
  });
});

function signed(fields: Partial<VerifiedEvent>): VerifiedEvent {
  const { kind = 1, created_at = NOW, tags = [], content = "" } = fields;
  return signEvent({ kind, created_at, tags, content }, key, crypto);
}

/** Lines that must be rejected, and why. */
const BAD = [
  ["{", 'not JSON: column 2: expected a name in double quotes or "}"'],
  [signed({}).json.replace('"content":""', '"content":"forged"'), "id does not match the event"],
  [
    JSON.stringify({ ...JSON.parse(signed({}).json), sig: "0".repeat(128) }),
    "signature does not verify",
  ],
  [signed({ kind: 20_001 }).json, "kind 20001 is ephemeral, never stored"],
  [signed({ kind: 22_242 }).json, "kind 22242 is for AUTH, never stored"],
  ['["EVENT",{}]', "event is not an object"],
] as const;

/** Each line is a chunk of its own. */
function importing(
  store: EventStore,
  given: readonly string[],
  flags: readonly string[] = [],
  parts: Parameters<typeof npubwire>[1] = {},
): Promise<Outcome> {
  const openDatabase = async () => store;
  return npubwire(["import", ...flags], { input: lines(given), openDatabase, ...parts });
}

function stored(store: EventStore): Promise<readonly string[]> {
  return exported(store, [filter({})], "oldest first");
}
