import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainLink } from "../../src/channel/plain.ts";
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
