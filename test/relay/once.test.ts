/** Whatever the order in which store, timers and clients come to work: each event once (rule 21). */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc, { type Scheduler } from "fast-check";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { InsertOutcome } from "../../src/store.ts";
import { Author, NOW } from "./conformance/session.ts";
import { createTestRelay, unsigned } from "./setup.ts";

const author = new Author();
const events = Array.from({ length: 8 }, (_, i) =>
  author.sign({ created_at: NOW - i, kind: i % 4 === 3 ? 20_000 : 1 }, unsigned),
);
const stored = events.filter((event) => event.kind === 1);

/** Commits before it says so, reads page by page; the scheduler decides when. */
class ScheduledStore extends MemoryStore {
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    super();
    this.#scheduler = scheduler;
  }

  override async insert(batch: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[]> {
    await this.#scheduler.schedule(Promise.resolve(), "begin");
    const outcomes = await super.insert(batch);
    await this.#scheduler.schedule(Promise.resolve(), "committed");
    return outcomes;
  }

  /** Without a snapshot: what is committed during the scan may come up in it, or not. */
  override async *query(filters: readonly Filter[]): AsyncGenerator<readonly string[]> {
    const seen = new Set<string>();
    for (let pages = 0; pages < 3; pages += 1) {
      await this.#scheduler.schedule(Promise.resolve(), "page");
      for await (const page of super.query(filters)) {
        yield [...page].filter((json) => !seen.has(json));
        for (const json of page) seen.add(json);
      }
    }
  }
}

test("rule 21: stored, arriving and live events come once each, with one EOSE", async () => {
  const actions = fc.shuffledSubarray<VerifiedEvent | "REQ">([...events, "REQ"], {
    minLength: events.length + 1,
  });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), actions, async (scheduler, order) => {
      const { connect } = createTestRelay({
        crypto: unsigned,
        store: new ScheduledStore(scheduler),
        defer: (run) => void scheduler.schedule(Promise.resolve(), "defer").then(run),
      });
      const [publisher, listener] = [connect(), connect()];
      const act = async (action: VerifiedEvent | "REQ") => {
        if (action === "REQ") listener.session.send("REQ", "x", { authors: [author.pubkey] });
        else publisher.session.send("EVENT", action);
      };
      scheduler.scheduleSequence(order.map((action) => () => act(action)));
      await scheduler.waitIdle();

      assert.equal(publisher.unread.length, events.length);
      const received = listener.unread as [string, string, VerifiedEvent][];
      assert.equal(received.filter(([verb]) => verb === "EOSE").length, 1);
      const ids = received.filter(([verb]) => verb === "EVENT").map(([, , event]) => event.id);
      assert.equal(new Set(ids).size, ids.length, "an event came twice");
      for (const event of stored) assert(ids.includes(event.id), "an event is missing");
    }),
    { numRuns: process.env["SLOW"] ? 5_000 : 200 },
  );
});
