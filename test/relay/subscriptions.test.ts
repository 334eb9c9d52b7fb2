import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { matchFilters, parseFilter } from "../../src/nostr/filter.ts";
import { type Subscription, Subscriptions } from "../../src/relay/subscriptions.ts";
import { Author, NOW } from "./conformance/session.ts";
import { stranger, unsigned } from "./setup.ts";

class Recorder implements Subscription {
  readonly filters;
  readonly view = stranger;
  readonly received: VerifiedEvent[] = [];

  constructor(...filters: readonly object[]) {
    this.filters = filters.map((filter) => {
      const result = parseFilter(filter);
      assert(result.ok);
      return result.value;
    });
  }

  deliver(event: VerifiedEvent): void {
    this.received.push(event);
  }
}

const authors = [new Author(), new Author(), new Author()];
const pubkeys = authors.map((author) => author.pubkey);

const eventArbitrary = fc
  .record({
    author: fc.constantFrom(...authors),
    kind: fc.constantFrom(0, 1, 7, 20_000, 30_000),
    created_at: fc.integer({ min: NOW - 2, max: NOW + 2 }),
    tags: fc.array(fc.tuple(fc.constantFrom("t", "T", "d", "xx"), fc.constantFrom("", "a", "b"))),
  })
  .map(({ author, ...template }) => author.sign(template, unsigned));

const filterArbitrary = fc.record(
  {
    authors: fc.subarray(pubkeys),
    kinds: fc.subarray([0, 1, 7, 20_000, 30_000]),
    "#t": fc.subarray(["", "a", "b", "c"]),
    "#T": fc.subarray(["", "a", "b", "c"]),
    "#d": fc.subarray(["", "a", "b", "c"]),
    since: fc.constant(NOW),
    until: fc.constant(NOW),
  },
  { requiredKeys: [] },
);

test("delivers exactly what the filters match, each event once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(filterArbitrary, { minLength: 1, maxLength: 3 }), { maxLength: 8 }),
      fc.array(eventArbitrary, { minLength: 1, maxLength: 6 }),
      (filterSets, events) => {
        const byId = { ids: events.slice(0, 2).map((event) => event.id) };
        const recorders = [...filterSets, [byId]].map((filters) => new Recorder(...filters));
        const subscriptions = new Subscriptions();
        for (const recorder of recorders) subscriptions.add(recorder);
        for (const event of events) {
          const expected = recorders.filter(({ filters }) => matchFilters(filters, event));
          assert.equal(subscriptions.deliver(event), expected.length);
        }
        for (const { filters, received } of recorders) {
          assert.deepEqual(
            received,
            events.filter((event) => matchFilters(filters, event)),
          );
        }
        for (const recorder of recorders) subscriptions.remove(recorder);
        assert.equal(subscriptions.size, 0);
      },
    ),
    { numRuns: process.env["SLOW"] ? 5_000 : 100 },
  );
});

/** Which of the subscriptions begins, or ends if it has begun; or an event that comes. */
const step = fc.oneof(fc.nat(99), eventArbitrary);

test("delivers to those who are subscribed by then, whoever comes and goes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(filterArbitrary, { minLength: 1, maxLength: 2 }), { minLength: 1 }),
      fc.array(step, { maxLength: 40 }),
      (filterSets, steps) => {
        const recorders = filterSets.map((filters) => new Recorder(...filters));
        const subscriptions = new Subscriptions();
        const open = new Set<Recorder>();
        for (const next of steps) {
          if (typeof next !== "number") {
            const expected = [...open].filter(({ filters }) => matchFilters(filters, next));
            const before = expected.map(({ received }) => received.length);
            assert.equal(subscriptions.deliver(next), expected.length);
            const after = expected.map(({ received }) => received.length - 1);
            assert.deepEqual(after, before);
            continue;
          }
          const recorder = recorders[next % recorders.length];
          assert.ok(recorder);
          if (open.delete(recorder)) {
            subscriptions.remove(recorder);
          } else {
            open.add(recorder);
            subscriptions.add(recorder);
          }
        }
      },
    ),
    { numRuns: process.env["SLOW"] ? 5_000 : 100 },
  );
});

test("removing one subscription leaves the others", () => {
  const subscriptions = new Subscriptions();
  const recorders = [1, 2, 3].map(() => new Recorder({ kinds: [1] }, { authors: pubkeys }));
  for (const recorder of recorders) subscriptions.add(recorder);
  const [first, second, third] = recorders;
  assert(first && second && third);
  subscriptions.remove(second);
  subscriptions.remove(second);
  assert.equal(subscriptions.deliver(authors[0]?.sign() as VerifiedEvent), 2);
  assert.deepEqual(
    [first, second, third].map(({ received }) => received.length),
    [1, 0, 1],
  );
  subscriptions.remove(first);
  subscriptions.remove(third);
  assert.equal(subscriptions.size, 0);
});

test("a subscription may end others while an event is delivered", () => {
  const subscriptions = new Subscriptions();
  const victim = new Recorder({ kinds: [1] });
  const killer = new Recorder({ kinds: [1] });
  killer.deliver = () => subscriptions.remove(victim);
  subscriptions.add(killer);
  subscriptions.add(victim);
  subscriptions.deliver(authors[0]?.sign() as VerifiedEvent);
  subscriptions.remove(killer);
  assert.equal(subscriptions.size, 0);
});

test("of 10,000 subscriptions, only those that may match are looked at", () => {
  const subscriptions = new Subscriptions();
  const looks: Subscription[] = [];
  for (let i = 0; i < 2_500; i += 1) {
    subscriptions.add(new Watched(looks, { authors: [hex(i)], kinds: [1] }));
    subscriptions.add(new Watched(looks, { "#p": [hex(i)], kinds: [1] }));
    subscriptions.add(new Watched(looks, { ids: [hex(i)] }));
    subscriptions.add(new Watched(looks, { kinds: [1_000 + i] }));
  }
  const [author] = authors;
  assert(author);
  looks.length = 0;
  assert.equal(subscriptions.deliver(author.sign({ kind: 7 })), 0);
  assert.ok(looks.length <= 64, "few were left for the first event to put in their place");
  looks.length = 0;
  assert.equal(subscriptions.deliver(author.sign({ tags: [["p", hex(7)]] })), 1);
  assert.equal(looks.length, 1);
});

test("a subscription that ends before an event comes is never looked at", () => {
  const subscriptions = new Subscriptions();
  const looks: Subscription[] = [];
  for (let i = 0; i < 1_000; i += 1) {
    const subscription = new Watched(looks, { authors: [hex(i)] });
    subscriptions.add(subscription);
    subscriptions.remove(subscription);
  }
  assert.equal(looks.length, 0);
  assert.equal(subscriptions.size, 0);
});

/** Tells when its filters are looked at. */
class Watched implements Subscription {
  readonly view = stranger;
  readonly #filters: Subscription["filters"];
  readonly #looks: Subscription[];

  constructor(looks: Subscription[], filter: object) {
    this.#looks = looks;
    this.#filters = new Recorder(filter).filters;
  }

  get filters(): Subscription["filters"] {
    this.#looks.push(this);
    return this.#filters;
  }

  deliver(): void {}
}

function hex(i: number): string {
  return i.toString(16).padStart(64, "0");
}
