import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { PlainLink } from "../../src/channel/plain.ts";
import { Around, MessageRun } from "../../src/nostr/message-run.ts";
import { CountedTexts } from "../nostr/pack.ts";
import { Listener } from "./relay.ts";
import { MemorySocket } from "./sockets.ts";

test("a link that nobody has started reads one message and leaves the others where they are", () => {
  const socket = new MemorySocket("");
  const link = new PlainLink(socket);
  socket.receive("one");
  assert.equal(socket.paused, true);
  for (const text of ["two", "three"]) socket.receive(text);
  const listener = new Listener(link);
  assert.equal(socket.paused, false);
  assert.deepEqual(listener.texts, ["one", "two", "three"]);
});

test("a link that was paused before it was started stays so", () => {
  const socket = new MemorySocket("");
  const link = new PlainLink(socket);
  link.pause();
  const listener = new Listener(link);
  socket.receive("one");
  assert.deepEqual([socket.paused, listener.texts], [true, []]);
  link.resume();
  assert.deepEqual([socket.paused, listener.texts], [false, ["one"]]);
});

test("a plain link lets go of texts once they are written, and not before", async () => {
  class Sender extends PlainLink {
    sendRun(run: MessageRun): void {
      this.queue(run, run.size);
    }
  }
  const texts = new CountedTexts(["one", "two"]);
  const socket = new MemorySocket("");
  const link = new Sender(socket);
  for (const run of MessageRun.of(texts, new Around("<", ">"), 5)) link.sendRun(run);
  assert.equal(texts.released, 0);
  await turn();
  assert.deepEqual(socket.sent, ["<one>", "<two>"]);
  assert.equal(texts.released, 1);
});
