import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../src/clock.ts";
import { silent } from "../../src/log.ts";
import { Outbox } from "../../src/relay/outbox.ts";
import { channelPair, type PairedChannel } from "../channel/pair.ts";
import { fixedClock, turns } from "./setup.ts";

function createOutbox(maxBufferedBytes: number, clock = fixedClock) {
  const { relay: channel, client } = channelPair();
  const received: string[] = [];
  const outbox = new Outbox(channel, { maxBufferedBytes, maxStallSeconds: 60 }, clock, silent);
  channel.start({ message: () => {}, drain: () => outbox.drained(), end: () => outbox.end() });
  client.start({ message: (text) => void received.push(text), end: () => {} });
  channel.stall();
  return { outbox, channel, received };
}

const endOf = (channel: PairedChannel) => channel.ended?.code;

test("is full above half of its limit, and waiters go on when it is empty", async () => {
  const { outbox, channel, received } = createOutbox(100);
  outbox.send("x".repeat(50));
  assert.equal(outbox.isFull, false);
  outbox.send("x");
  assert.equal(outbox.isFull, true);
  let emptied = false;
  void outbox.emptied().then(() => {
    emptied = true;
  });
  await turns(1);
  assert.equal(emptied, false);
  channel.flow();
  await turns(1);
  assert.deepEqual([emptied, outbox.isFull, received.length], [true, false, 2]);
});

test("one message may go beyond the limit, the next closes the client", () => {
  const { outbox, channel } = createOutbox(100);
  outbox.send("x".repeat(500));
  assert.equal(endOf(channel), undefined);
  outbox.send("x");
  assert.equal(endOf(channel), 4005);
  assert.equal(outbox.isFull, false);
});

test("what is held elsewhere counts until it is let go", () => {
  const { outbox, channel } = createOutbox(100);
  outbox.hold(80);
  outbox.hold(-80);
  outbox.hold(80);
  outbox.send("x".repeat(30));
  assert.equal(endOf(channel), undefined);
  outbox.hold(1);
  assert.equal(endOf(channel), 4005);
});

test("the end releases waiters, and nothing is sent after it", async () => {
  const { outbox, channel, received } = createOutbox(100);
  outbox.send("x".repeat(60));
  const waiting = outbox.emptied();
  outbox.end();
  await waiting;
  outbox.send("y");
  channel.flow();
  assert.deepEqual(received, ["x".repeat(60)]);
});

/** The one timer that is set, which a test may let ring. */
function timers() {
  const due = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 0,
    after(milliseconds, run) {
      due.set(run, milliseconds);
      return () => due.delete(run);
    },
  };
  const ring = (): void => {
    const [[run]] = [...due] as [[() => void, number]];
    due.delete(run);
    run();
  };
  return { clock, due, ring };
}

test("a client that takes nothing of a full queue for too long is closed, and nobody waits", async () => {
  const { clock, due, ring } = timers();
  const { outbox, channel } = createOutbox(100, clock);
  outbox.send("x".repeat(50));
  assert.equal(due.size, 0);
  outbox.send("x");
  outbox.send("x");
  assert.deepEqual([...due.values()], [60_000]);
  const waiting = outbox.emptied();
  ring();
  await waiting;
  assert.equal(endOf(channel), 4005);
  assert.equal(due.size, 0);
});

test("a client that takes something gets the time again, one that takes all is not watched", () => {
  const { clock, due, ring } = timers();
  const { outbox, channel } = createOutbox(1_000, clock);
  outbox.send("x".repeat(900));
  channel.takes(100);
  ring();
  assert.deepEqual([endOf(channel), due.size], [undefined, 1]);
  channel.flow();
  assert.equal(due.size, 0);
  channel.stall();
  outbox.send("x".repeat(900));
  channel.takes(500);
  ring();
  assert.deepEqual([endOf(channel), due.size], [undefined, 0]);
});
