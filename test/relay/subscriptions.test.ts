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
  let confirmed = 0;
  const counting = (filter: object): Subscription => {
    const recorder = new Recorder(filter);
    const filters = recorder.filters;
    return {
      get filters() {
        confirmed += 1;
        return filters;
      },
      view: stranger,
      deliver: () => {},
    };
  };
  const hex = (i: number) => i.toString(16).padStart(64, "0");
  for (let i = 0; i < 2_500; i += 1) {
    subscriptions.add(counting({ authors: [hex(i)], kinds: [1] }));
    subscriptions.add(counting({ "#p": [hex(i)], kinds: [1] }));
    subscriptions.add(counting({ ids: [hex(i)] }));
    subscriptions.add(counting({ kinds: [1_000 + i] }));
  }
  confirmed = 0;
  const event = authors[0]?.sign({ tags: [["p", hex(7)]] });
  assert(event);
  assert.equal(subscriptions.deliver(event), 1);
  assert.equal(confirmed, 1);
});
