/** What is announced is what is enforced (rule 36), and slow readers get everything (rule 39). */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventTemplate } from "../../../src/nostr/event.ts";
import type { Information, Limitation } from "../../../src/relay/information.ts";
import {
  Author,
  type Connect,
  NOW,
  type Session,
  STORED,
  withSession,
  withSessions,
} from "./session.ts";

/** A time that lies ahead of every clock. */
const FAR_AHEAD = 8_000_000_000;

export function limitRules(connect: Connect, inform: () => Promise<Information>): void {
  test("rule 36: what is announced of events is what is enforced", () =>
    withSession(connect, async (session) => {
      const { limitation } = await inform();
      const author = new Author();
      const judge = async (template: Partial<EventTemplate>) =>
        await session.publish(author.sign(template));
      for (const excess of [0, 1]) {
        const count = limitation.max_event_tags + excess;
        const tags = Array.from({ length: count }, () => ["t", "x"]);
        const content = "😀".repeat(limitation.max_content_length + excess);
        for (const template of [{ tags }, { content }]) {
          assert.equal((await judge(template)).accepted, excess === 0);
        }
      }
      const { reason } = await judge({ created_at: FAR_AHEAD });
      assert.match(reason, new RegExp(`^invalid: .* ${limitation.created_at_upper_limit} seconds`));
      const ofAnyAge = await judge({ created_at: 0 });
      assert.equal(ofAnyAge.accepted, limitation.created_at_lower_limit === 0);
      assert.deepEqual([limitation.min_pow_difficulty, limitation.restricted_writes], [0, false]);
      assert.deepEqual([limitation.auth_required, limitation.payment_required], [false, false]);
    }));

  test("rule 36: what is announced of queries is what is enforced", () =>
    withSession(connect, async (session) => {
      const { limitation } = await inform();
      await countsStored(session, limitation);
      const id = "😀".repeat(limitation.max_subid_length);
      await session.request(id, { limit: 0 });
      assert.match(await session.refused(`${id}x`, { limit: 0 }), /^invalid: ./);
      for (let n = 1; n < limitation.max_subscriptions; n += 1) {
        await session.request(`${n}`, { limit: 0 });
      }
      assert.match(await session.refused("one more", { limit: 0 }), /^rate-limited: ./);
    }));

  test("rule 39: whoever asks for more than fits a queue gets all of it, and delays nobody", () =>
    withSessions(connect, async (session, other) => {
      const author = new Author();
      const content = "😀".repeat(10_000);
      const count = 20;
      const events = Array.from({ length: count }, (_, age) =>
        author.sign({ created_at: NOW - age, content }),
      );
      await session.publishAll(events);
      const queries = ["a", "b", "c", "d", "e", "f"]; // 4.8 MB, and the queue holds 4 MiB
      const filter = { authors: [author.pubkey], limit: count };
      for (const id of queries) session.send("REQ", id, filter);
      assert.deepEqual(await other.publish(new Author().sign()), STORED);
      const heard = new Map<unknown, number>();
      for (let open = queries.length; open > 0; ) {
        const [verb, id] = await session.next();
        if (verb === "EOSE") open -= 1;
        else heard.set(id, (heard.get(id) ?? 0) + Number(verb === "EVENT"));
      }
      for (const id of queries) assert.ok((heard.get(id) ?? 0) >= count, `${heard.get(id)}`);
    }));
}

async function countsStored(session: Session, limitation: Limitation): Promise<void> {
  const author = new Author();
  const authors = [author.pubkey];
  for (let age = 0; age <= limitation.max_limit; age += 1) {
    await session.publishAll([author.sign({ created_at: NOW - age })]);
  }
  assert.equal((await session.stored({ authors })).length, limitation.default_limit);
  const limit = limitation.max_limit + 1;
  assert.equal((await session.stored({ authors, limit })).length, limitation.max_limit);
}
