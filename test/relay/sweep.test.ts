import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "../../src/log.ts";
import { Sweep } from "../../src/relay/sweep.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { TestClock } from "../channel/clock.ts";
import { Gate, turns } from "./setup.ts";

/** Notes the time of every sweep; says that it removed what it is told. */
class SweptStore extends MemoryStore {
  readonly times: number[] = [];
  removed: number[] = [];
  gate: Promise<void> = Promise.resolve();

  override async sweep(now: number): Promise<number> {
    this.times.push(now);
    await this.gate;
    return this.removed.shift() ?? 0;
  }
}

test("sweeps once a minute, and more often while there is something to remove", async () => {
  const [store, clock] = [new SweptStore(), new TestClock(1_000)];
  store.removed = [256, 100];
  const sweep = new Sweep({ store, clock, log: silent });
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await turns();
  };
  await pass(59_999);
  assert.deepEqual(store.times, []);
  await pass(1);
  assert.deepEqual(store.times, [1_060]);
  await pass(500);
  await pass(500);
  assert.deepEqual(store.times, [1_060, 1_060, 1_061]);
  await pass(30_000);
  assert.equal(store.times.length, 3);
  await pass(30_000);
  assert.equal(store.times.length, 4);
  await sweep.stop();
  assert.equal(clock.pending, 0);
});

test("stopping waits for the sweep under way, and nothing follows", async () => {
  const [store, clock, gate] = [new SweptStore(), new TestClock(), new Gate()];
  store.gate = gate.opened;
  const sweep = new Sweep({ store, clock, log: silent });
  clock.advance(60_000);
  let stopped = false;
  const stopping = sweep.stop().then(() => {
    stopped = true;
  });
  await turns();
  assert.equal(stopped, false);
  gate.open();
  await stopping;
  await turns();
  assert.equal(clock.pending, 0);
});

test("a failing sweep is logged and tried again", async () => {
  const [store, clock] = [new SweptStore(), new TestClock()];
  store.gate = Promise.reject(new Error("disk full"));
  const logged: string[] = [];
  const sweep = new Sweep({
    store,
    clock,
    log: (level, event) => void logged.push(`${level} ${event}`),
  });
  for (let i = 0; i < 2; i += 1) {
    clock.advance(60_000);
    await turns();
  }
  assert.deepEqual(logged, ["error sweep failed", "error sweep failed"]);
  await sweep.stop();
});
