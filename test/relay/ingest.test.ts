import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer } from "../../src/channel.ts";
import { silent } from "../../src/log.ts";
import { type NostrEvent, type VerifiedEvent, verifyEvent } from "../../src/nostr/event.ts";
import { parsed } from "../../src/nostr/parsed.ts";
import { accept, type Policy, reject, shadowReject } from "../../src/policy.ts";
import { Backlog } from "../../src/relay/backlog.ts";
import { Ingest, type IngestParts } from "../../src/relay/ingest.ts";
import { Subscriptions } from "../../src/relay/subscriptions.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { InsertOutcome } from "../../src/store.ts";
import { Author } from "./conformance/session.ts";
import { fixedClock, Gate, stranger, turns, unsigned } from "./setup.ts";

const author = new Author();
const newPeer = (): Peer => ({ address: "192.0.2.1", pubkeys: new Set() });
const sign = (content: string, kind = 1) => author.sign({ kind, content }, unsigned);
const signMany = (count: number, name = "") =>
  Array.from({ length: count }, (_, i) => sign(`${name}${i}`));

function createIngest(parts: Partial<IngestParts> = {}): Ingest {
  return new Ingest({
    verify: (event) => verifyEvent(event, unsigned),
    clock: fixedClock,
    isOwnUrl: () => false,
    policy: {},
    store: new MemoryStore(),
    subscriptions: new Subscriptions(),
    backlog: new Backlog(8_192),
    networkOf: (address) => address,
    defer: setImmediate,
    log: silent,
    ...parts,
  });
}

/** Notes the size of every batch, and commits when its gate opens. */
class GatedStore extends MemoryStore {
  readonly batches: number[] = [];
  gate = new Gate();

  override async insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    this.batches.push(events.length);
    await this.gate.opened;
    return super.insert(events);
  }
}

test("what was read in one turn is one transaction; what arrives while it runs is the next", async () => {
  const store = new GatedStore();
  const ingest = createIngest({ store });
  const peer = newPeer();
  const answers: string[] = [];
  const submit = (event: NostrEvent) =>
    ingest.submit(event, peer, 100).then((ok) => answers.push(ok));
  for (const event of signMany(3)) void submit(event);
  await turns();
  for (const event of signMany(40, "later ")) void submit(event);
  await turns();
  assert.deepEqual([store.batches, answers], [[3], []]);
  store.gate.open();
  await turns();
  assert.deepEqual(store.batches, [3, 40]);
  assert.equal(answers.length, 43);
  for (const ok of answers) assert.match(ok, /,true,""\]$/);
});

test("while more is to be verified a transaction waits to be worth it, but not for ever", async () => {
  const store = new GatedStore();
  store.gate.open();
  const ingest = createIngest({ store });
  const peer = newPeer();
  // 32 events a turn: eight turns make a transaction, and the rest is the next.
  await Promise.all(signMany(300).map((event) => ingest.submit(event, peer, 1)));
  assert.deepEqual(store.batches, [256, 44]);
});

test("while the store writes, one more transaction lies ready, if it is worth it", async () => {
  const store = new GatedStore();
  const ingest = createIngest({ store });
  const peer = newPeer();
  const submit = (event: NostrEvent) => ingest.submit(event, peer, 1);
  const oks = signMany(256 + 383).map(submit);
  await turns(100);
  assert.deepEqual(store.batches, [256]);
  oks.push(submit(sign("one more")));
  await turns(100);
  assert.deepEqual(store.batches, [256, 384]);
  oks.push(...signMany(384, "later ").map(submit));
  await turns(100);
  assert.deepEqual(store.batches, [256, 384], "there are never three");
  const settled = ingest.settled().then(() => assert.equal(ingest.delivered, 3));
  store.gate.open();
  for (const ok of await Promise.all(oks)) assert.match(ok, /,true,""\]$/);
  await settled;
  assert.deepEqual(store.batches, [256, 384, 384]);
  assert.deepEqual([ingest.commits, ingest.delivered, ingest.isWriting], [3, 3, false]);
});

test("a flood of forged events does not keep a good one from being stored", async () => {
  const ingest = createIngest();
  const forged = { ...sign("forged"), id: sign("another").id };
  let isFlooding = true;
  const flood = async (): Promise<void> => {
    const peer = newPeer();
    while (isFlooding) {
      await Promise.all(Array.from({ length: 128 }, () => ingest.submit(forged, peer, 1)));
    }
  };
  const floods = Array.from({ length: 4 }, flood);
  await turns(2);
  assert.match(await ingest.submit(sign("good"), newPeer(), 1), /,true,""\]$/);
  isFlooding = false;
  await Promise.all(floods);
});

test("a failed transaction refuses each of its events, and the next one works", async () => {
  let fails = true;
  const memory = new MemoryStore();
  const logged: string[] = [];
  const ingest = createIngest({
    store: Object.assign(memory, {
      insert: async (events: readonly VerifiedEvent[]) => {
        if (fails) throw new Error("disk full at /var/secret");
        return MemoryStore.prototype.insert.call(memory, events);
      },
    }),
    log: (level, event) => void logged.push(`${level} ${event}`),
  });
  const events = signMany(3);
  const submitAll = () => Promise.all(events.map((event) => ingest.submit(event, newPeer(), 1)));
  for (const [i, ok] of (await submitAll()).entries()) {
    assert.equal(ok, `["OK","${events[i]?.id}",false,"error: the event could not be stored"]`);
  }
  assert.deepEqual(logged, ["error store rejected a batch"]);
  fails = false;
  for (const ok of await submitAll()) assert.match(ok, /,true,""\]$/);
});

test("clients take turns: a flood delays another client by a few events", async () => {
  const order: string[] = [];
  const ingest = createIngest({
    verify: (event) => {
      order.push(event.content);
      return verifyEvent(event, unsigned);
    },
  });
  const flooder = newPeer();
  const flood = signMany(300).map((event) => ingest.submit(event, flooder, 1));
  await turns(1);
  await ingest.submit(sign("the other"), newPeer(), 1);
  assert(order.indexOf("the other") < 70, `came ${order.indexOf("the other")}th`);
  await Promise.all(flood);
});

test("verification leaves the event loop free between slices", async () => {
  let verified = 0;
  const ingest = createIngest({
    verify: (event) => {
      verified += 1;
      return verifyEvent(event, unsigned);
    },
  });
  const peer = newPeer();
  const flood = signMany(500).map((event) => ingest.submit(event, peer, 1));
  let most = 0;
  for (let before = 0; verified < 500; before = verified) {
    await turns(1);
    most = Math.max(most, verified - before);
  }
  assert(most <= 32, `${most} in one turn`);
  await Promise.all(flood);
});

test("a queue is bounded by events and by characters, per client", async () => {
  const gate = new Gate();
  const ingest = createIngest({
    verify: async (event) => {
      await gate.opened;
      return verifyEvent(event, unsigned);
    },
  });
  const limited = /^\["OK","[0-9a-f]{64}",false,"rate-limited: /;
  const event = sign("");
  const pending: Promise<string>[] = [];
  const fill = (peer: Peer, count: number, characters: number) => {
    for (let i = 0; i < count; i += 1) pending.push(ingest.submit(event, peer, characters));
  };

  const many = newPeer();
  fill(many, 255, 1);
  assert.equal(ingest.isBusy(many), false);
  fill(many, 769, 1);
  assert.equal(ingest.isBusy(many), true);
  assert.match(await ingest.submit(event, many, 1), limited);

  const large = newPeer();
  fill(large, 4, 2 ** 20);
  assert.equal(ingest.isBusy(large), true);
  assert.match(await ingest.submit(event, large, 1), limited);

  gate.open();
  for (const ok of await Promise.all(pending)) assert.match(ok, /,true,/);
  assert.equal(ingest.isBusy(many), false);
  assert.match(await ingest.submit(event, many, 1), /,true,/);
});

test("clients take turns also where threads check more than one event at a time", async () => {
  const gate = new Gate();
  const checked: string[] = [];
  const ingest = createIngest({
    verify: async (event) => {
      checked.push(event.content);
      await gate.opened;
      return verifyEvent(event, unsigned);
    },
  });
  const flood = Array.from({ length: 8 }, newPeer).flatMap((peer) =>
    signMany(250).map((event) => ingest.submit(event, peer, 1)),
  );
  await turns(100);
  assert.equal(checked.length, 1_024);
  const late = ingest.submit(sign("late"), newPeer(), 1);
  await turns(100);
  assert.equal(checked.length, 1_024);
  gate.open();
  assert.match(await late, /,true,/);
  assert(checked.indexOf("late") <= 1_024 + 9);
  await Promise.all(flood);
});

test("a slow decision about one event holds up no other", async () => {
  const gate = new Gate();
  const ingest = createIngest({
    policy: {
      write: (event) => (event.content === "slow" ? gate.opened.then(() => accept) : accept),
    },
  });
  const slow = ingest.submit(sign("slow"), newPeer(), 1);
  assert.match(await ingest.submit(sign("quick"), newPeer(), 1), /,true,/);
  gate.open();
  assert.match(await slow, /,true,/);
});

test("the policy's verdict is the answer; nothing unverified reaches it", async () => {
  const asked: string[] = [];
  const ingest = createIngest({
    policy: {
      write: (event) => {
        asked.push(event.content);
        return reject("blocked", "no");
      },
    },
  });
  const event = sign("asked");
  assert.equal(
    await ingest.submit(event, newPeer(), 1),
    `["OK","${event.id}",false,"blocked: no"]`,
  );
  assert.match(await ingest.submit({ ...event, content: "x" }, newPeer(), 1), /"invalid: id does/);
  assert.deepEqual(asked, ["asked"]);
});

test("a shadow-rejection is told as OK true; nobody gets the event, now or later", async () => {
  const store = new MemoryStore();
  const subscriptions = new Subscriptions();
  const delivered: string[] = [];
  subscriptions.add({
    filters: [{ tags: new Map() }],
    view: stranger,
    deliver: (event) => void delivered.push(event.content),
  });
  const policy: Policy = { write: ({ content }) => (content ? accept : shadowReject("thank you")) };
  const ingest = createIngest({ store, subscriptions, policy });
  for (const kind of [1, 0, 20_000, 30_000]) {
    const event = sign("", kind);
    const ok = await ingest.submit(event, newPeer(), 1);
    assert.equal(ok, `["OK","${event.id}",true,"thank you"]`);
  }
  await ingest.submit(sign("accepted"), newPeer(), 1);
  assert.deepEqual(delivered, ["accepted"]);
  assert.equal(await store.count([{ tags: new Map() }]), 1);
});

test("whatever fails inside is answered by error, without the reason", async () => {
  const event = sign("x");
  const expected = `["OK","${event.id}",false,"error: the relay could not process this event"]`;
  const fail = () => {
    throw new Error("secret");
  };
  const ephemeral = sign("y", 20_000);
  const subscriptions = new Subscriptions();
  subscriptions.add({ filters: [{ tags: new Map() }], view: stranger, deliver: fail });
  for (const parts of [
    { verify: fail },
    { verify: () => Promise.reject(new Error("secret")) },
    { policy: { write: fail } },
    { policy: { write: () => Promise.reject(new Error("secret")) } },
  ]) {
    assert.equal(await createIngest(parts).submit(event, newPeer(), 1), expected);
  }
  const ingest = createIngest({ subscriptions });
  assert.match(await ingest.submit(ephemeral, newPeer(), 1), /false,"error: /);
  assert.match(await ingest.submit(event, newPeer(), 1), /,true,""/);
});

test("every outcome of the store has its answer, and only stored events are delivered", async () => {
  const outcomes: InsertOutcome[] = ["stored", "duplicate", "superseded", "deleted", "unfinished"];
  const store = Object.assign(new MemoryStore(), { insert: async () => outcomes });
  const delivered: string[] = [];
  const subscriptions = new Subscriptions();
  subscriptions.add({
    filters: [{ tags: new Map() }],
    view: stranger,
    deliver: (event) => void delivered.push(event.content),
  });
  const ingest = createIngest({ store, subscriptions });
  const peer = newPeer();
  const events = outcomes.map((outcome) => sign(outcome));
  const oks = await Promise.all(events.map((event) => ingest.submit(event, peer, 1)));
  assert.deepEqual(
    oks.map((ok) => JSON.parse(ok).slice(2)),
    [
      [true, ""],
      [true, "duplicate: already have this event"],
      [false, "duplicate: a newer version is stored"],
      [false, "blocked: this event has been deleted"],
      [false, "error: not everything could be removed yet; it will be"],
    ],
  );
  assert.deepEqual(delivered, ["stored"]);
});

test("isCommitting holds exactly from the transaction's start to live delivery", async () => {
  const store = new GatedStore();
  const subscriptions = new Subscriptions();
  const event = sign("x");
  const seen: boolean[] = [];
  const ingest = createIngest({ store, subscriptions });
  subscriptions.add({
    filters: [{ tags: new Map() }],
    view: stranger,
    deliver: () => void seen.push(ingest.isCommitting(event.id)),
  });
  assert.equal(ingest.isCommitting(event.id), false);
  const ok = ingest.submit(event, newPeer(), 1);
  await turns();
  assert.equal(ingest.isCommitting(event.id), true);
  store.gate.open();
  await ok;
  assert.deepEqual(seen, [false]);
});

test("idle waits for everything that was submitted", async () => {
  const store = new GatedStore();
  const ingest = createIngest({ store });
  await ingest.idle();
  const answered: string[] = [];
  void ingest.submit(sign("x"), newPeer(), 1).then(() => answered.push("OK"));
  const idle = ingest.idle().then(() => answered.push("idle"));
  await turns();
  assert.deepEqual(answered, []);
  store.gate.open();
  await idle;
  await turns(1);
  assert.deepEqual(answered.sort(), ["OK", "idle"]);
});

test("verification may be asynchronous", async () => {
  const ingest = createIngest({
    verify: async (event) => {
      await turns(1);
      return parsed(sign(event.content));
    },
  });
  const oks = await Promise.all(signMany(5).map((event) => ingest.submit(event, newPeer(), 1)));
  for (const ok of oks) assert.match(ok, /,true,""/);
});
