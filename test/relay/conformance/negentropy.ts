/** NIP-77: a reconciliation sees what a REQ would show, and is not one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../../../src/store.ts";
import { type Difference, reconcile, sortedIds } from "../../nostr/reconcile.ts";
import { Author, type Connect, NOW, type Session, withSession } from "./session.ts";

/** Runs one to its end, as nostr-tools' client does. */
export async function reconcileWith(
  session: Session,
  filter: object,
  own: Iterable<Place> = [],
): Promise<Difference> {
  let head: readonly unknown[] = ["NEG-OPEN", "sync", filter];
  const difference = await reconcile(own, async (message) => {
    session.send(...head, message);
    head = ["NEG-MSG", "sync"];
    const [verb, id, answer] = await session.next();
    assert.deepEqual([verb, id], ["NEG-MSG", "sync"], String(answer));
    return String(answer);
  });
  session.send("NEG-CLOSE", "sync");
  return difference;
}

export function negentropyRules(connect: Connect): void {
  test("rule 37: a reconciliation covers since to until, both inclusive, and what else is asked", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      const events = Array.from({ length: 40 }, (_, n) =>
        author.sign({ created_at: NOW - n, kind: n % 2 === 0 ? 1 : 7 }),
      );
      await session.publishAll(events);
      const filter = { authors: [author.pubkey], since: NOW - 35, until: NOW - 2 };
      const asked = events.slice(2, 36);
      const strange = new Author().sign();
      const both = await reconcileWith(session, filter, [...asked.slice(5), strange]);
      assert.deepEqual(both.have, [strange.id]);
      assert.deepEqual(both.need, sortedIds(asked.slice(0, 5)));
      const second = { ...filter, since: NOW - 5, until: NOW - 5 };
      const one = await reconcileWith(session, second);
      assert.deepEqual(one.need, sortedIds(events.slice(5, 6)));
      const reactions = await reconcileWith(session, { ...filter, kinds: [7] });
      assert.deepEqual(reactions.need, sortedIds(asked.filter(({ kind }) => kind === 7)));
    }));

  test("rule 37: its id is another than that of a REQ", () =>
    withSession(connect, async (session) => {
      const author = new Author();
      await session.request("sync", { authors: [author.pubkey] });
      await reconcileWith(session, { authors: [author.pubkey] });
      const event = author.sign();
      await session.publish(event);
      assert.deepEqual(await session.live(), [event.id]);
      session.send("NEG-MSG", "sync", "61");
      const [verb, id, reason] = await session.next();
      assert.deepEqual([verb, id], ["NEG-ERR", "sync"]);
      assert.match(String(reason), /^closed: ./);
    }));
}
