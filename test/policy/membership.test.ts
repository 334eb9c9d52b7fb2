import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../src/clock.ts";
import type { NostrEvent, VerifiedEvent } from "../../src/nostr/event.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import { memberListTemplate } from "../../src/nostr/membership.ts";
import { Membership, type MembershipParts } from "../../src/policy/membership.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { EventStore } from "../../src/store.ts";
import { Author, NOW } from "../relay/conformance/session.ts";
import { turns } from "../relay/setup.ts";
import { filterOf } from "./settings.ts";

const relay = new Author();
const [alice, bob, carol] = [new Author().pubkey, new Author().pubkey, new Author().pubkey];
const CODE = "ab".repeat(32);

interface Setup {
  readonly membership: Membership;
  readonly removed: PublicKey[];
  readonly logged: string[];
  /** Lets the minute pass. */
  look(): Promise<void>;
}

function setUp(store: EventStore, parts: Partial<MembershipParts> = {}): Setup {
  let due: (() => void) | undefined;
  const clock: Clock = {
    now: () => NOW,
    after: (_, run) => {
      due = run;
      return () => {
        due = undefined;
      };
    },
  };
  const removed: PublicKey[] = [];
  const logged: string[] = [];
  const membership = new Membership({
    self: relay.pubkey,
    maxMembers: 3,
    store,
    clock,
    log: (_, event) => void logged.push(event),
    sign: (template) => relay.sign(template),
    publish: (events) => store.insert(events),
    removed: (key) => void removed.push(key),
    ...parts,
  });
  return {
    membership,
    removed,
    logged,
    async look() {
      due?.();
      await turns();
    },
  };
}

async function opened(store: EventStore, parts?: Partial<MembershipParts>): Promise<Setup> {
  const setup = setUp(store, parts);
  await setup.membership.open([]);
  return setup;
}

async function stored(store: EventStore, ...kinds: number[]): Promise<readonly NostrEvent[]> {
  const events: NostrEvent[] = [];
  for await (const page of store.query([filterOf({ kinds })])) {
    for (const json of page) events.push(JSON.parse(json) as NostrEvent);
  }
  return events;
}

const stores = [
  ["memory", async () => new MemoryStore()],
  ["SQLite", () => openSqliteStore(":memory:")],
] as const;

for (const [name, openStore] of stores) {
  test(`${name}: who comes and goes is in the store, and there for the next start`, async () => {
    const store = await openStore();
    const { membership, removed } = await opened(store);
    assert.equal(membership.has(alice), false);
    assert.equal(await membership.add(alice), "added");
    assert.equal(await membership.add(alice), "member already");
    assert.equal(await membership.add(bob), "added");
    assert.equal(await membership.remove(alice), true);
    assert.equal(await membership.remove(alice), false);
    assert.deepEqual(removed, [alice]);
    const [list, ...others] = await stored(store, 13_534);
    assert.deepEqual([list?.tags, others], [[["-"], ["member", bob]], []]);
    const news = await stored(store, 8_000, 8_001);
    assert.deepEqual(
      news.map(({ kind, pubkey, tags }) => [kind, pubkey, tags]),
      [
        [8_001, relay.pubkey, [["-"], ["p", alice]]],
        [8_000, relay.pubkey, [["-"], ["p", bob]]],
        [8_000, relay.pubkey, [["-"], ["p", alice]]],
      ],
      "newest first, although no second has passed",
    );
    const next = await opened(store);
    assert.deepEqual([...next.membership.members], [[bob, []]]);
    await store.close();
  });

  test(`${name}: an invite is used up for good`, async () => {
    const store = await openStore();
    const { membership } = await opened(store);
    const outcomes = await Promise.all([membership.add(alice, CODE), membership.add(bob, CODE)]);
    assert.deepEqual(outcomes, ["added", "invite used"]);
    await membership.remove(alice);
    const next = await opened(store);
    assert.equal(await next.membership.add(alice, CODE), "invite used");
    assert.equal(await next.membership.add(alice, "cd".repeat(32)), "added");
    await store.close();
  });

  test(`${name}: roles are made, given, changed, taken and deleted`, async () => {
    const store = await openStore();
    const { membership } = await opened(store);
    await membership.add(alice);
    assert.equal(await membership.editRole({ id: "king" }), false, "there is none yet");
    const king = { id: "king", label: "King", color: 37 };
    const twice = [membership.createRole(king), membership.createRole({ id: "king" })];
    assert.deepEqual(await Promise.all(twice), [true, false]);
    assert.deepEqual(await membership.roles(), [king]);
    assert.equal(await membership.editRole({ id: "king", label: "Queen" }), true);
    assert.equal(await membership.createRole({ id: "page" }), true);
    assert.deepEqual(
      [...(await membership.roles())].sort((a, b) => (a.id < b.id ? -1 : 1)),
      [{ id: "king", label: "Queen" }, { id: "page" }],
    );
    assert.equal(await membership.assignRole(bob, "king"), false);
    for (const role of ["king", "page", "king"]) await membership.assignRole(alice, role);
    assert.deepEqual([...membership.members], [[alice, ["page", "king"]]]);
    await membership.unassignRole(alice, "page");
    assert.deepEqual([...(await opened(store)).membership.members], [[alice, ["king"]]]);
    await membership.deleteRole("king");
    assert.deepEqual([...membership.members], [[alice, []]]);
    assert.deepEqual(await membership.roles(), [{ id: "page" }]);
    assert.equal(await membership.createRole({ id: "king" }), true);
    assert.equal((await membership.roles()).length, 2, "the id can be used again");
    await store.close();
  });
}

test("members of the configuration are added at the start, in one go, as far as there is room", async () => {
  const store = new MemoryStore();
  let batches = 0;
  const publish = (events: readonly VerifiedEvent[]) => {
    batches += 1;
    return store.insert(events);
  };
  const { membership, logged } = setUp(store, { publish, maxMembers: 2 });
  await membership.open([alice, bob, alice, carol]);
  assert.deepEqual([...membership.members.keys()], [alice, bob]);
  assert.deepEqual([batches, logged], [1, ["no room for members of the configuration"]]);
  assert.equal(await membership.add(carol), "no room");
  const again = setUp(store, { publish });
  await again.membership.open([bob, alice]);
  assert.equal(batches, 1, "nothing to say");
});

test("joining all at once, everybody gets in", async () => {
  const store = new MemoryStore();
  const { membership } = await opened(store);
  const keys = [alice, bob, carol, new Author().pubkey];
  const outcomes = await Promise.all(keys.map((key) => membership.add(key)));
  assert.deepEqual(outcomes, ["added", "added", "added", "no room"]);
  assert.deepEqual([...(await opened(store)).membership.members.keys()], [alice, bob, carol]);
});

test("a list that was imported counts, for changes at once and for access in a minute", async () => {
  const store = new MemoryStore();
  const { membership, removed, look } = await opened(store);
  await membership.add(alice);
  const list = (keys: PublicKey[], at: number) =>
    relay.sign(memberListTemplate(new Map(keys.map((key) => [key, []])), at));
  await store.insert([list([bob], NOW + 60)]);
  assert.deepEqual([membership.has(alice), membership.has(bob)], [true, false]);
  await look();
  assert.deepEqual([membership.has(alice), membership.has(bob)], [false, true]);
  assert.deepEqual(removed, [alice]);
  await store.insert([list([alice], NOW + 120)]);
  assert.equal(await membership.add(carol), "added");
  assert.deepEqual([...membership.members.keys()], [alice, carol]);
});

test("a list by another key says nothing", async () => {
  const store = new MemoryStore();
  const forged = memberListTemplate(new Map([[alice, []]]), NOW + 9);
  await store.insert([new Author().sign(forged)]);
  const { membership, look } = await opened(store);
  await look();
  assert.equal(membership.members.size, 0);
});

test("what could not be stored has not happened, and the next change goes on", async () => {
  const store = new MemoryStore();
  let fails = true;
  const { membership, removed } = await opened(store, {
    publish: async (events) => (fails ? events.map(() => undefined) : await store.insert(events)),
  });
  await assert.rejects(membership.add(alice), /could not be stored/);
  assert.equal(membership.has(alice), false);
  fails = false;
  assert.equal(await membership.add(alice), "added");
  fails = true;
  await assert.rejects(membership.remove(alice), /could not be stored/);
  assert.deepEqual([membership.has(alice), removed], [true, []]);
});

test("a store that fails for a while takes nobody's membership", async () => {
  const store = new MemoryStore();
  let fails = false;
  const { membership, logged, look } = await opened(store, {
    store: {
      count: (filters) => store.count(filters),
      query: (filters) => {
        if (fails) throw new Error("away");
        return store.query(filters);
      },
    },
  });
  await membership.add(alice);
  fails = true;
  await look();
  assert.deepEqual([membership.has(alice), logged], [true, ["member list could not be read"]]);
  fails = false;
  await store.insert([relay.sign(memberListTemplate(new Map(), NOW + 60))]);
  await look();
  assert.equal(membership.has(alice), false, "it looks again");
  await membership.close();
});
