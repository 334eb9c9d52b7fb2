/** Every method of NIP-86, at a relay of the test's own. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryRulings } from "../../src/moderation/memory.ts";
import type { Role } from "../../src/nostr/membership.ts";
import { malformed, parsed } from "../../src/nostr/parsed.ts";
import { type Answer, Management } from "../../src/relay/management.ts";
import type { Roles } from "../../src/relay/roles.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { Author, NOW } from "./conformance/session.ts";
import { createTestRelay, Gate, stranger, turns } from "./setup.ts";

const administrator = new Author().pubkey;
const operator = new Author();
const METHODS = [
  ...["banpubkey", "unbanpubkey", "listbannedpubkeys"],
  ...["allowpubkey", "unallowpubkey", "listallowedpubkeys"],
  ...["listeventsneedingmoderation", "allowevent", "banevent", "listbannedevents"],
  ...["changerelayname", "changerelaydescription", "changerelayicon"],
  ...["allowkind", "disallowkind", "listallowedkinds"],
  ...["blockip", "unblockip", "listblockedips"],
];
const ROLE_METHODS = ["createrole", "editrole", "deleterole", "assignrole", "unassignrole"];

function setUp(roles?: Roles, store = new MemoryStore()) {
  const rulings = new MemoryRulings();
  const testRelay = createTestRelay({ store });
  let changes = 0;
  const management = new Management({
    self: operator.pubkey,
    rulings,
    store,
    relay: testRelay.relay,
    log: () => {},
    acceptedKinds: () => [0, 1],
    networkOf: (text) => (text.startsWith("192.") ? parsed(text) : malformed("no address")),
    isBlocked: (address) => rulings.has("blocked address", address),
    async changed() {
      changes += 1;
    },
    roles,
  });
  const call = (method: unknown, ...params: unknown[]): Promise<Answer> =>
    management.answer(JSON.stringify({ method, params }), administrator);
  return { ...testRelay, store, rulings, management, call, changes: () => changes };
}

async function errorOf(answer: Promise<Answer>): Promise<string> {
  const settled = await answer;
  assert.ok("error" in settled, JSON.stringify(settled));
  return settled.error;
}

const done = { result: true };

describe("management (NIP-86)", () => {
  it("lists its methods, those about roles only where there are any", async () => {
    assert.deepEqual(await setUp().call("supportedmethods"), { result: METHODS });
    const { call } = setUp(new TestRoles());
    assert.deepEqual(await call("supportedmethods"), { result: [...METHODS, ...ROLE_METHODS] });
    assert.match(await errorOf(setUp().call("createrole", "a")), /unknown method/);
  });

  it("bans keys: their channels close, and the list gives the reasons", async () => {
    const { call, connect, rulings } = setUp();
    const [spammer, other] = [new Author(), new Author()];
    const banned = connect({ pubkeys: [new Author().pubkey, spammer.pubkey] });
    const unconcerned = connect({ pubkeys: [other.pubkey] });
    assert.deepEqual(await call("banpubkey", spammer.pubkey, "spam"), done);
    await assert.rejects(banned.next(), /closed: 4003 blocked: this key is banned/);
    assert.equal(unconcerned.near.ended, undefined);
    assert.deepEqual(await call("banpubkey", other.pubkey), done);
    const entries = [{ pubkey: spammer.pubkey, reason: "spam" }, { pubkey: other.pubkey }];
    const sorted = entries.sort((a, b) => (a.pubkey < b.pubkey ? -1 : 1));
    assert.deepEqual(await call("listbannedpubkeys"), { result: sorted });
    assert.deepEqual(await call("unbanpubkey", spammer.pubkey, "sorry"), done);
    assert.deepEqual(await call("unbanpubkey", other.pubkey), done);
    assert.deepEqual(await call("listbannedpubkeys"), { result: [] });
    assert.deepEqual(rulings.entries("banned pubkey"), []);
  });

  it("refuses to ban the relay itself, and what it has signed", async () => {
    const { call, store, rulings } = setUp();
    const list = operator.sign({ kind: 13_534, tags: [["-"]] });
    await store.insert([list]);
    const before = rulings.revision;
    assert.match(await errorOf(call("banpubkey", operator.pubkey)), /^this is the relay's own key/);
    assert.match(await errorOf(call("banevent", list.id)), /^this event is by the relay itself/);
    assert.equal(await store.count([{ ids: new Set([list.id]), tags: new Map() }]), 1);
    assert.equal(rulings.revision, before);
  });

  it("allows keys, and ends the channels of those it no longer allows", async () => {
    const { call, connect } = setUp();
    const { pubkey } = new Author();
    assert.deepEqual(await call("allowpubkey", pubkey, "a friend"), done);
    assert.deepEqual(await call("listallowedpubkeys"), {
      result: [{ pubkey, reason: "a friend" }],
    });
    const other = new Author().pubkey;
    const [client, unconcerned] = [pubkey, other].map((key) => connect({ pubkeys: [key] }));
    for (const key of [pubkey, other]) assert.deepEqual(await call("unallowpubkey", key), done);
    await assert.rejects(async () => client?.next(), /closed: 4003 restricted/);
    assert.equal(unconcerned?.near.ended, undefined, "nothing that it had was taken back");
    assert.deepEqual(await call("listallowedpubkeys"), { result: [] });
  });

  it("bans events, which are gone when it answers, and allows them again", async () => {
    const { call, store, rulings } = setUp();
    const event = new Author().sign({ content: "bad" });
    await store.insert([event]);
    assert.deepEqual(await call("banevent", event.id, "no"), done);
    assert.equal(await store.count([{ tags: new Map() }], stranger), 0);
    assert.deepEqual(await call("listbannedevents"), { result: [{ id: event.id, reason: "no" }] });
    assert.deepEqual(await call("allowevent", event.id), done);
    assert.deepEqual(await call("listbannedevents"), { result: [] });
    assert.ok(rulings.has("allowed event", event.id));
    assert.deepEqual(await call("banevent", event.id), done);
    assert.equal(rulings.has("allowed event", event.id), false);
  });

  it("removes an event that is being stored while it is banned", async () => {
    const gate = new Gate();
    const store = new (class extends MemoryStore {
      override async insert(events: Parameters<MemoryStore["insert"]>[0]) {
        await gate.opened;
        return await super.insert(events);
      }
    })();
    const { call, connect } = setUp(undefined, store);
    const author = new Author();
    const event = author.sign({ content: "quick" });
    connect({ pubkeys: [author.pubkey] }).send(JSON.stringify(["EVENT", event]));
    await turns();
    const banned = call("banevent", event.id);
    await turns();
    gate.open();
    assert.deepEqual(await banned, done);
    assert.equal(await store.count([{ tags: new Map() }]), 0);
  });

  it("lists what was reported, is here, and was not ruled on", async () => {
    const { call, store } = setUp();
    const [author, reporter] = [new Author(), new Author()];
    const events = ["a", "b", "c"].map((content) => author.sign({ content }));
    const [first, second, third] = events.map(({ id }) => id);
    const report = (created_at: number, content: string, ...tags: string[][]) =>
      reporter.sign({ kind: 1984, created_at, content, tags: [["p", author.pubkey], ...tags] });
    const gone = author.sign({ content: "elsewhere" }).id;
    await store.insert([
      ...events,
      report(NOW, "buy now", ["e", first ?? "", "spam"]),
      report(NOW - 1, "older", ["e", first ?? "", "nudity"]),
      report(NOW - 2, "", ["e", second ?? "", "illegal"], ["e", gone, "spam"], ["e"], ["e", "x"]),
      report(NOW - 3, "just so", ["e", third ?? ""]),
    ]);
    const reported = [
      { id: first, reason: "spam: buy now" },
      { id: second, reason: "illegal" },
      { id: third, reason: "just so" },
    ];
    assert.deepEqual(await call("listeventsneedingmoderation"), { result: reported });
    await call("allowevent", first);
    await call("banevent", second);
    assert.deepEqual(await call("listeventsneedingmoderation"), { result: reported.slice(2) });
  });

  it("renames the relay", async () => {
    const { call, rulings, changes } = setUp();
    assert.deepEqual(await call("changerelayname", "Ours"), done);
    assert.deepEqual(await call("changerelaydescription", ""), done);
    assert.deepEqual(await call("changerelayicon", "https://a.example/i.png"), done);
    assert.equal(changes(), 3);
    await call("listbannedpubkeys");
    assert.equal(changes(), 3);
    assert.deepEqual(rulings.entries("information"), [
      { subject: "description", note: "" },
      { subject: "icon", note: "https://a.example/i.png" },
      { subject: "name", note: "Ours" },
    ]);
    for (const url of ["javascript:alert(1)", "i.png", 1]) {
      assert.match(await errorOf(call("changerelayicon", url)), /expected/);
    }
  });

  it("rules on kinds, the last word counts", async () => {
    const { call, rulings } = setUp();
    assert.deepEqual(await call("disallowkind", 7), done);
    assert.ok(rulings.has("disallowed kind", "7"));
    assert.deepEqual(await call("allowkind", 7), done);
    assert.ok(rulings.has("allowed kind", "7") && !rulings.has("disallowed kind", "7"));
    assert.deepEqual(await call("listallowedkinds"), { result: [0, 1] });
  });

  it("blocks addresses, whose channels close", async () => {
    const { call, connect } = setUp();
    const client = connect({ address: "192.0.2.7" });
    const other = connect({ address: "192.0.2.8" });
    assert.deepEqual(await call("blockip", "192.0.2.7", "scraper"), done);
    await assert.rejects(client.next(), /closed: 4003 blocked: this address/);
    assert.equal(other.near.ended, undefined);
    const entries = [{ ip: "192.0.2.7", reason: "scraper" }];
    assert.deepEqual(await call("listblockedips"), { result: entries });
    assert.deepEqual(await call("unblockip", "192.0.2.7"), done);
    assert.deepEqual(await call("listblockedips"), { result: [] });
    assert.equal(await errorOf(call("blockip", "localhost")), "no address");
  });

  it("hands roles to who keeps them, with their words", async () => {
    const roles = new TestRoles();
    const { call } = setUp(roles);
    const { pubkey } = new Author();
    assert.deepEqual(await call("createrole", "king", "King", "rules", 37, "1"), done);
    assert.deepEqual(await call("editrole", "king", "King", null, "", null), done);
    assert.deepEqual(await call("assignrole", pubkey, "king"), done);
    assert.deepEqual(await call("unassignrole", pubkey, "king"), done);
    assert.deepEqual(await call("deleterole", "king"), done);
    assert.equal(await errorOf(call("deleterole", "none")), "there is no such role");
    assert.deepEqual(roles.calls, [
      ["create", { id: "king", label: "King", description: "rules", color: 37, order: 1 }],
      ["edit", { id: "king", label: "King" }],
      ["assign", pubkey, "king"],
      ["unassign", pubkey, "king"],
      ["delete", "king"],
    ]);
    for (const params of [[], [""], ["a", 1], ["a", "b", "c", 361], ["a", "b", "c", 1, -1]]) {
      assert.match(await errorOf(call("createrole", ...params)), /^params\[\d\]: expected/);
    }
  });
});

describe("management, asked for nonsense", () => {
  it("answers with an error, and changes nothing", async () => {
    const { management, call, rulings } = setUp();
    const before = rulings.revision;
    for (const text of [
      "",
      "{",
      "[]",
      "null",
      "1",
      "{}",
      '{"method":1}',
      '{"method":"a","params":{}}',
    ]) {
      await errorOf(management.answer(text, administrator));
    }
    for (const name of ["", "BANPUBKEY", "constructor", "__proto__", "toString", "npubwire"]) {
      assert.match(await errorOf(call(name)), /unknown method/);
    }
    const hex = "a".repeat(64);
    const wrong = [undefined, null, 1, {}, [], "", "a", hex.toUpperCase(), `${hex}a`, [hex]];
    for (const method of ["banpubkey", "unbanpubkey", "allowpubkey", "unallowpubkey"]) {
      for (const value of wrong) assert.match(await errorOf(call(method, value)), /params\[0\]/);
    }
    for (const method of ["allowevent", "banevent"]) {
      for (const value of wrong) assert.match(await errorOf(call(method, value)), /params\[0\]/);
    }
    for (const value of [undefined, null, "1", -1, 1.5, 65_536, [1], true]) {
      assert.match(await errorOf(call("allowkind", value)), /params\[0\]/);
      assert.match(await errorOf(call("disallowkind", value)), /params\[0\]/);
    }
    for (const value of [1, {}, "a".repeat(4_097), "\ud800"]) {
      assert.match(await errorOf(call("changerelayname", value)), /params\[0\]/);
      assert.match(await errorOf(call("banpubkey", hex, value)), /params\[1\]/);
      assert.match(await errorOf(call("banevent", hex, value)), /params\[1\]/);
      assert.match(await errorOf(call("allowevent", hex, value)), /params\[1\]/);
    }
    assert.equal(rulings.revision, before);
  });

  it("reveals nothing of failures of its own", async () => {
    const store = new MemoryStore();
    store.remove = () => Promise.reject(new Error("secret path"));
    const { call } = setUp(undefined, store);
    const error = await errorOf(call("banevent", "a".repeat(64)));
    assert.equal(error, "the relay could not carry this out");
  });
});

class TestRoles implements Roles {
  readonly calls: unknown[] = [];

  create(role: Role) {
    return this.#note("create", role);
  }

  edit(role: Role) {
    return this.#note("edit", role);
  }

  async delete(id: string) {
    return id === "none" ? malformed("there is no such role") : await this.#note("delete", id);
  }

  assign(pubkey: string, id: string) {
    return this.#note("assign", pubkey, id);
  }

  unassign(pubkey: string, id: string) {
    return this.#note("unassign", pubkey, id);
  }

  async #note(...call: unknown[]) {
    this.calls.push(call);
    return parsed(true as const);
  }
}
