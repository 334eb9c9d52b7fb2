import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "../../src/relay/pace.ts";
import { turns } from "./setup.ts";

/** A pace whose turns a test makes. */
function scene() {
  const deferred: (() => void)[] = [];
  const pace = new Pace((run) => void deferred.push(run));
  const turn = async (): Promise<void> => {
    assert(deferred.length <= 1);
    for (const run of deferred.splice(0)) run();
    await turns(1);
  };
  return { pace, turn, deferred };
}

async function* pages(
  count: number,
  size: number,
  ended: () => void = () => {},
): AsyncGenerator<readonly unknown[]> {
  try {
    for (let i = 0; i < count; i += 1) yield Array.from({ length: size });
  } finally {
    ended();
  }
}

/** Pulls everything at once and counts. */
function pull(pace: Pace, address: string, count: number, size = 512) {
  const state = { pulled: 0, done: false };
  void (async () => {
    for await (const _ of pace.paced(address, pages(count, size))) state.pulled += 1;
    state.done = true;
  })();
  return state;
}

for (const [what, size] of [
  ["full", 512],
  ["empty", 0],
] as const) {
  test(`an address gets a few ${what} pages a turn, however many queries it has`, async () => {
    const { pace, turn } = scene();
    const many = Array.from({ length: 100 }, () => pull(pace, "192.0.2.1", 10, size));
    const pulled = () => many.reduce((sum, state) => sum + state.pulled, 0);
    await turns(1);
    for (let i = 1; i <= 5; i += 1) {
      assert.equal(pulled(), 4 * i);
      await turn();
    }
  });
}

test("small answers cost little, so that many of them fit into a turn", async () => {
  const { pace, turn } = scene();
  const many = Array.from({ length: 100 }, () => pull(pace, "192.0.2.1", 1, 1));
  await turns(1);
  assert(many.filter(({ pulled }) => pulled === 1).length >= 90);
  await turn();
  await turn();
  assert(many.every(({ done }) => done));
});

test("another address has its own turn at once", async () => {
  const { pace, turn } = scene();
  for (let i = 0; i < 100; i += 1) pull(pace, "192.0.2.1", 10);
  await turns(1);
  const small = pull(pace, "192.0.2.2", 3);
  await turns(1);
  assert.deepEqual(small, { pulled: 3, done: true });
  const longer = pull(pace, "192.0.2.2", 7);
  await turn();
  await turn();
  assert.deepEqual(longer, { pulled: 7, done: true });
});

test("nothing is left when everything was given", async () => {
  const { pace, turn, deferred } = scene();
  const states = [pull(pace, "a", 9), pull(pace, "a", 0), pull(pace, "b", 1)];
  for (let i = 0; i < 10; i += 1) await turn();
  assert(states.every(({ done }) => done));
  assert.equal(deferred.length, 0);
});

test("who stops early, or fails, ends the source", async () => {
  const { pace } = scene();
  let ended = 0;
  for await (const _ of pace.paced(
    "a",
    pages(9, 1, () => ended++),
  ))
    break;
  assert.equal(ended, 1);
  async function* failing(): AsyncGenerator<readonly unknown[]> {
    yield [1];
    throw new Error("broken");
  }
  await assert.rejects(async () => {
    for await (const _ of pace.paced("a", failing()));
  }, /broken/);
});
