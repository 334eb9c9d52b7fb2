import assert from "node:assert/strict";
import { test } from "node:test";
import type { PublicKey } from "../../src/nostr/key.ts";
import { reject } from "../../src/policy.ts";
import { MAX_COUNT } from "../../src/relay/count.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { key } from "../nostr/arbitrary.ts";
import { createTestRelay, Gate, turns } from "./setup.ts";

/** Gives a page of so many authors whenever a test lets it. */
class GatedStore extends MemoryStore {
  readonly #page: readonly PublicKey[];
  readonly gates: readonly Gate[];
  pulled = 0;
  running = 0;
  most = 0;

  constructor(pages: number, size: number) {
    super();
    this.#page = new Array<PublicKey>(size).fill(key(1));
    this.gates = Array.from({ length: pages }, () => new Gate());
  }

  openAll(): void {
    for (const gate of this.gates) gate.open();
  }

  override async *authors(): AsyncGenerator<readonly PublicKey[]> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      for (const gate of this.gates) {
        await gate.opened;
        this.pulled += 1;
        yield this.#page;
      }
    } finally {
      this.running -= 1;
    }
  }
}

test("rule 35: counting ends at a bound, and says so", async () => {
  for (const [pages, result] of [
    [10, { count: MAX_COUNT }],
    [11, { count: MAX_COUNT, approximate: true }],
  ] as const) {
    const store = new GatedStore(pages, MAX_COUNT / 10);
    store.openAll();
    const { connect } = createTestRelay({ store });
    assert.deepEqual(await connect().session.count({}), result);
    assert.equal(store.running, 0);
  }
});

test("rule 35: registers of a part are not sent as those of the whole", async () => {
  const store = new GatedStore(11, MAX_COUNT / 10);
  store.openAll();
  const { connect } = createTestRelay({ store });
  const result = { count: MAX_COUNT, approximate: true };
  assert.deepEqual(await connect().session.count({ "#t": ["a"] }), result);
});

test("rule 20: CLOSE cancels a COUNT", async () => {
  const store = new GatedStore(3, 1);
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("COUNT", "x", {});
  store.gates[0]?.open();
  await turns();
  client.session.send("CLOSE", "x");
  store.openAll();
  await turns();
  assert.deepEqual(client.unread, []);
  assert.deepEqual([store.pulled, store.running], [2, 0]);
});

test("a client's COUNTs wait for one another", async () => {
  const store = new GatedStore(1, 1);
  const { connect } = createTestRelay({ store });
  const client = connect();
  for (let i = 0; i < 6; i += 1) client.session.send("COUNT", `${i}`, {});
  await turns();
  assert.equal(store.most, 4);
  store.openAll();
  await turns();
  assert.equal(client.unread.length, 6);
});

test("a client that leaves ends its COUNT", async () => {
  const store = new GatedStore(3, 1);
  const { connect } = createTestRelay({ store });
  const client = connect();
  client.session.send("COUNT", "x", {});
  await turns();
  client.close();
  store.openAll();
  await turns();
  assert.equal(store.running, 0);
  assert.equal(store.pulled, 1);
});

test("rule 35: whoever may not read may not count", async () => {
  const strict = createTestRelay({ auth: "required" }).connect();
  strict.session.send("COUNT", "x", {});
  assert.match(String((await strict.session.next())[2]), /^auth-required: ./);
  const policy = { read: () => reject("restricted", "members only") };
  const member = createTestRelay({ policy }).connect();
  member.session.send("COUNT", "x", {});
  assert.deepEqual(await member.session.next(), ["CLOSED", "x", "restricted: members only"]);
  const anonymous = createTestRelay().connect();
  anonymous.session.send("COUNT", "x", { kinds: [1059] });
  assert.match(String((await anonymous.session.next())[2]), /^auth-required: ./);
});

test("36: without an index, there is no reconciliation of a search either", async () => {
  const { session } = createTestRelay({ search: false }).connect();
  session.send("NEG-OPEN", "x", { search: "word" }, "6100000200");
  assert.deepEqual(await session.next(), ["NEG-ERR", "x", "unsupported: this relay has no search"]);
});

test("36: without an index, a search is unsupported", async () => {
  const client = createTestRelay({ search: false }).connect();
  for (const verb of ["REQ", "COUNT"]) {
    client.session.send(verb, "x", { search: "word" });
    assert.match(String((await client.session.next())[2]), /^unsupported: ./);
    client.session.send(verb, "x", { search: "" });
    assert.notEqual((await client.session.next())[0], "CLOSED");
  }
});

test("a store that fails ends the COUNT with CLOSED", async () => {
  class BrokenStore extends MemoryStore {
    override async *authors(): AsyncGenerator<readonly PublicKey[]> {
      yield await Promise.reject(new Error("disk"));
    }
  }
  const client = createTestRelay({ store: new BrokenStore() }).connect();
  client.session.send("COUNT", "x", {});
  assert.match(String((await client.session.next())[2]), /^error: ./);
});
