import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox } from "../../src/relay/inbox.ts";
import { PairedChannel } from "../channel/pair.ts";
import { Gate, turns } from "./setup.ts";

test("takes messages at once while nothing is pending", () => {
  const taken: string[] = [];
  const inbox = new Inbox(new PairedChannel(), { handle: (text) => void taken.push(text) });
  inbox.receive("a");
  inbox.receive("b");
  assert.deepEqual(taken, ["a", "b"]);
});

test("keeps the order around everything that takes time, also when it is called from inside", async () => {
  const gates = new Map(["slow 1", "slow 2"].map((text) => [text, new Gate()]));
  const taken: string[] = [];
  const inbox = new Inbox(new PairedChannel(), {
    handle: (text) => {
      taken.push(text);
      if (text === "b") inbox.receive("from inside");
      return gates.get(text)?.opened;
    },
  });
  for (const text of ["a", "slow 1", "b", "slow 2", "c"]) inbox.receive(text);
  assert.deepEqual(taken, ["a", "slow 1"]);
  gates.get("slow 1")?.open();
  await turns(1);
  assert.deepEqual(taken, ["a", "slow 1", "b", "slow 2"]);
  gates.get("slow 2")?.open();
  await turns(1);
  assert.deepEqual(taken, ["a", "slow 1", "b", "slow 2", "c", "from inside"]);
});

test("reads while no reason against it is left", () => {
  const channel = new PairedChannel();
  const inbox = new Inbox(channel, { handle() {} });
  inbox.hold("events");
  inbox.hold("outbox");
  inbox.hold("outbox");
  inbox.release("outbox");
  assert.equal(channel.isPaused, true);
  inbox.release("events");
  assert.equal(channel.isPaused, false);
});

test("hears nothing once it is shut, not even what waits", async () => {
  const gate = new Gate();
  const taken: string[] = [];
  const inbox = new Inbox(new PairedChannel(), {
    handle: (text) => {
      taken.push(text);
      return gate.opened;
    },
  });
  inbox.receive("a");
  inbox.receive("b");
  inbox.shut();
  inbox.receive("c");
  gate.open();
  await turns(1);
  assert.deepEqual(taken, ["a"]);
});
