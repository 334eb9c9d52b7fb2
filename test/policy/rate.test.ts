import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer } from "../../src/channel.ts";
import type { Clock } from "../../src/clock.ts";
import { type Rate, type Rates, ratePolicy } from "../../src/policy/rate.ts";
import { accept, type Policy, reject, type Verb } from "../../src/policy.ts";
import { Author } from "../relay/conformance/session.ts";

const FREE: Rate = { events: 0, requests: 0, characters: 0 };

class Scene {
  now = 1_000;
  readonly policy: Policy;

  constructor(rates: Partial<Rates>) {
    const clock: Clock = { now: () => this.now, after: () => () => {} };
    const networkOf = (address: string) => address.split(".")[0] ?? "";
    this.policy = ratePolicy({ perAddress: FREE, perNpub: FREE, ...rates }, { clock, networkOf });
  }

  /** How many of so many messages pass. */
  send(count: number, verb: Verb, peer: Peer, characters = 1): number {
    let passed = 0;
    for (let i = 0; i < count; i += 1) {
      if (this.policy.receive?.(verb, characters, peer).accepted !== false) passed += 1;
    }
    return passed;
  }
}

const keys = [new Author().pubkey, new Author().pubkey] as const;
const at = (
  address: string,
  ...pubkeys: Peer["pubkeys"] extends ReadonlySet<infer K> ? K[] : []
) => ({
  address,
  pubkeys: new Set(pubkeys),
});

test("a minute's worth may come at once, and comes back evenly", () => {
  const scene = new Scene({ perAddress: { ...FREE, events: 60 } });
  assert.equal(scene.send(100, "EVENT", at("1")), 60);
  scene.now += 10;
  assert.equal(scene.send(100, "EVENT", at("1")), 10);
  scene.now += 3_600;
  assert.equal(scene.send(100, "EVENT", at("1")), 60);
});

test("each address has its own, and shares it with its network", () => {
  const scene = new Scene({ perAddress: { ...FREE, requests: 5 } });
  assert.equal(scene.send(9, "REQ", at("1.1")), 5);
  assert.equal(scene.send(9, "REQ", at("1.2")), 0);
  assert.equal(scene.send(9, "REQ", at("2.1")), 5);
  assert.equal(scene.send(9, "EVENT", at("1.1")), 9);
});

test("a key has its own wherever it comes from, and several keys give no more", () => {
  const scene = new Scene({ perNpub: { ...FREE, events: 5 } });
  assert.equal(scene.send(3, "EVENT", at("1", keys[0])), 3);
  assert.equal(scene.send(9, "EVENT", at("2", keys[0], keys[1])), 2);
  assert.equal(scene.send(9, "EVENT", at("2", keys[1])), 3);
  assert.equal(scene.send(9, "EVENT", at("2")), 9);
});

test("one message may be longer than what is left; the next ones wait for it", () => {
  const scene = new Scene({ perAddress: { ...FREE, characters: 600 } });
  assert.equal(scene.send(1, "other", at("1"), 900), 1);
  assert.equal(scene.send(1, "EVENT", at("1"), 1), 0);
  scene.now += 30;
  assert.equal(scene.send(1, "EVENT", at("1"), 1), 0);
  scene.now += 1;
  assert.equal(scene.send(1, "EVENT", at("1"), 1), 1);
});

test("what is rejected costs nothing", () => {
  const scene = new Scene({ perAddress: { ...FREE, events: 1 }, perNpub: { ...FREE, events: 9 } });
  assert.equal(scene.send(9, "EVENT", at("1", keys[0])), 1);
  assert.equal(scene.send(9, "EVENT", at("2", keys[0])), 1);
  scene.now += 60;
  assert.equal(scene.send(9, "EVENT", at("1", keys[0])), 1);
});

test("the rejection says what there was too much of, and from whom", () => {
  const scene = new Scene({ perNpub: { ...FREE, events: 1 } });
  const peer = at("1", keys[0]);
  assert.deepEqual(scene.policy.receive?.("EVENT", 1, peer), accept);
  assert.deepEqual(
    scene.policy.receive?.("EVENT", 1, peer),
    reject("rate-limited", "events from one npub are too many; wait a little"),
  );
});

test("without rates nothing is asked; a clock that goes back gives nothing", () => {
  assert.deepEqual(new Scene({}).policy, {});
  const scene = new Scene({ perAddress: { ...FREE, events: 1 } });
  scene.send(1, "EVENT", at("1"));
  scene.now -= 500;
  assert.equal(scene.send(9, "EVENT", at("1")), 0);
});

test("addresses without number share one bucket, and are forgotten when they are idle", () => {
  const scene = new Scene({ perAddress: { ...FREE, events: 2 } });
  for (let i = 0; i < 100_000; i += 1) scene.send(1, "EVENT", at(`a${i}`));
  assert.equal(scene.send(2, "EVENT", at("new")) + scene.send(2, "EVENT", at("newer")), 2);
  scene.now += 60;
  assert.equal(scene.send(2, "EVENT", at("new")) + scene.send(2, "EVENT", at("newer")), 4);
});
