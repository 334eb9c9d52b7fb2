import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "../../src/log.ts";
import { Outbox } from "../../src/relay/outbox.ts";
import { channelPair, type PairedChannel } from "../channel/pair.ts";
import { fixedClock, turns } from "./setup.ts";

function createOutbox(maxBufferedBytes: number) {
  const { relay: channel, client } = channelPair();
  const received: string[] = [];
  const outbox = new Outbox(channel, { maxBufferedBytes, maxStallSeconds: 60 }, fixedClock, silent);
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
