import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { WebOfTrust, type WebOfTrustSettings } from "../../src/policy/web-of-trust.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { Author, NOW } from "../relay/conformance/session.ts";
import { turns } from "../relay/setup.ts";

const people = Array.from({ length: 6 }, () => new Author());
const [root, anna, bob, carl, dora, eve] = people as [
  Author,
  Author,
  Author,
  Author,
  Author,
  Author,
];

/** Runs what is due when a test says so. */
class Timers implements Clock {
  due: { readonly at: number; readonly run: () => void } | undefined;

  now(): number {
    return NOW;
  }

  after(at: number, run: () => void): () => void {
    assert.equal(this.due, undefined, "one timer at a time");
    const timer = { at, run };
    this.due = timer;
    return () => {
      if (this.due === timer) this.due = undefined;
    };
  }

  async ring(): Promise<void> {
    const { due } = this;
    this.due = undefined;
    due?.run();
    await turns(30);
  }
}

function scene(settings: Partial<WebOfTrustSettings> = {}) {
  const store = new MemoryStore();
  const clock = new Timers();
  const logged: Parameters<Log>[] = [];
  const trust = new WebOfTrust(
    { roots: [root.pubkey], depth: 2, maxKeys: 100, ...settings },
    { store, clock, log: (...line) => void logged.push(line), defer: setImmediate },
  );
  const follow = async (follower: Author, ...followed: Author[]): Promise<VerifiedEvent> => {
    const tags = followed.map(({ pubkey }) => ["p", pubkey, "wss://x.example", "name"]);
    const event = follower.sign({ kind: 3, created_at: NOW + serial++, tags });
    await store.insert([event]);
    return event;
  };
  const inside = () => people.map((person) => trust.has(person.pubkey));
  return { store, clock, logged, trust, follow, inside };
}
let serial = 0;

test("follows are counted to the depth, and circles end", async () => {
  for (const depth of [1, 2, 3]) {
    const { trust, follow, inside } = scene({ depth });
    await follow(root, anna, root);
    await follow(anna, bob, root);
    await follow(bob, carl, anna);
    await follow(carl, dora);
    await follow(eve, root);
    await trust.refresh();
    assert.deepEqual(inside(), [true, true, depth > 1, depth > 2, false, false]);
    trust.close();
  }
});

test("the roots are in it before anything was read", () => {
  assert.deepEqual(scene().inside(), [true, false, false, false, false, false]);
});

test("tags that name nobody are passed over", async () => {
  const { store, trust, inside } = scene();
  const tags = [
    ["p"],
    ["p", "x"],
    ["p", anna.pubkey.toUpperCase()],
    ["e", bob.pubkey],
    [],
    ["p", eve.pubkey],
  ];
  await store.insert([root.sign({ kind: 3, tags })]);
  await trust.refresh();
  assert.deepEqual(inside(), [true, false, false, false, false, true]);
});

test("it is bounded, the nearest first, and says so", async () => {
  const { trust, follow, logged, inside } = scene({ maxKeys: 3 });
  await follow(root, anna, bob, carl);
  await follow(anna, dora);
  await trust.refresh();
  assert.deepEqual(inside(), [true, true, true, false, false, false]);
  assert.deepEqual(logged, [["warn", "web of trust is full", { maxKeys: 3, distance: 1 }]]);
});

test("it is read again soon after a list that matters, and hourly", async () => {
  const { trust, follow, clock, inside } = scene();
  await trust.refresh();
  assert.equal(clock.due?.at, 3_600_000);
  const observe = async (event: VerifiedEvent) =>
    trust.observer.write?.(event, { address: "", pubkeys: new Set() });
  await observe(await follow(eve, root)); // nobody trusts eve
  await observe(root.sign({ kind: 1 }));
  assert.equal(clock.due?.at, 3_600_000);
  await observe(await follow(root, anna));
  assert.equal(clock.due?.at, 10_000);
  await observe(await follow(root, anna, bob));
  await clock.ring();
  assert.deepEqual(inside(), [true, true, true, false, false, false]);
  await observe(await follow(anna, carl));
  assert.equal(clock.due?.at, 10_000);
  await clock.ring();
  await observe(await follow(carl, dora)); // too far from the root to matter
  assert.equal(clock.due?.at, 3_600_000);
  await follow(root); // behind our back
  await clock.ring();
  assert.deepEqual(inside(), [true, false, false, false, false, false]);
});

test("a list that arrives while others are read is read next", async () => {
  const { trust, follow, clock, inside } = scene();
  const reading = trust.refresh();
  const list = await follow(root, anna);
  trust.observer.write?.(list, { address: "", pubkeys: new Set() });
  await reading;
  assert.equal(clock.due?.at, 10_000);
  await clock.ring();
  assert.equal(inside()[1], true);
});

test("a store that fails changes nothing", async () => {
  const { trust, follow, store, clock, logged, inside } = scene();
  await follow(root, anna);
  await trust.refresh();
  store.query = () => {
    throw new Error("gone");
  };
  await clock.ring();
  assert.deepEqual(inside(), [true, true, false, false, false, false]);
  assert.equal(logged[0]?.[0], "error");
  assert.equal(clock.due?.at, 3_600_000);
});

test("closed, it plans and reads nothing", async () => {
  const { trust, follow, clock, inside } = scene();
  await trust.refresh();
  await follow(root, anna);
  trust.close();
  assert.equal(clock.due, undefined);
  await trust.refresh();
  assert.deepEqual([inside()[1], clock.due], [false, undefined]);
});
