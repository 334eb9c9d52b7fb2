import assert from "node:assert/strict";
import { test } from "node:test";
import { Backlog } from "../../src/relay/backlog.ts";
import { type Lane, Pace } from "../../src/relay/pace.ts";
import { Gate, turns } from "./setup.ts";

/** A pace whose turns a test makes. */
function scene() {
  const deferred: (() => void)[] = [];
  const pace = new Pace((run) => void deferred.push(run), new Backlog(2_048));
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
function pull(lane: Lane, count: number, size = 512) {
  const state = { pulled: 0, done: false };
  void (async () => {
    for await (const _ of lane.paced(pages(count, size))) state.pulled += 1;
    state.done = true;
  })();
  return state;
}

async function drain(paced: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of paced);
}

for (const [what, size] of [
  ["full", 512],
  ["empty", 0],
] as const) {
  test(`an address gets a few ${what} pages a turn, however many queries it has`, async () => {
    const { pace, turn } = scene();
    const many = Array.from({ length: 100 }, () => pull(pace.laneFor("192.0.2.1"), 10, size));
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
  const many = Array.from({ length: 100 }, () => pull(pace.laneFor("192.0.2.1"), 1, 1));
  await turns(1);
  assert(many.filter(({ pulled }) => pulled === 1).length >= 90);
  await turn();
  await turn();
  assert(many.every(({ done }) => done));
});

test("another address has its own turn at once", async () => {
  const { pace, turn } = scene();
  for (let i = 0; i < 100; i += 1) pull(pace.laneFor("192.0.2.1"), 10);
  await turns(1);
  const small = pull(pace.laneFor("192.0.2.2"), 3);
  await turns(1);
  assert.deepEqual(small, { pulled: 3, done: true });
  const longer = pull(pace.laneFor("192.0.2.2"), 7);
  await turn();
  await turn();
  assert.deepEqual(longer, { pulled: 7, done: true });
});

test("many addresses share a turn, and take turns at it", async () => {
  const { pace, turn } = scene();
  const all = Array.from({ length: 40 }, (_, i) => pull(pace.laneFor(`192.0.2.${i}`), 2));
  const pulled = () => all.map((state) => state.pulled);
  const sum = () => pulled().reduce((total, count) => total + count, 0);
  await turns(1);
  for (let i = 1; i <= 5; i += 1) {
    assert.equal(sum(), 16 * i);
    await turn();
  }
  assert.deepEqual(new Set(pulled()), new Set([2]));
  const late = pull(pace.laneFor("192.0.2.200"), 1);
  await turns(1);
  assert.equal(late.pulled, 1);
});

test("the clients of one address take turns", async () => {
  const { pace, turn } = scene();
  const [greedy, modest] = [pace.laneFor("192.0.2.1"), pace.laneFor("192.0.2.1")];
  const many = Array.from({ length: 40 }, () => pull(greedy, 10));
  await turns(1);
  const one = pull(modest, 3);
  for (let i = 0; i < 4; i += 1) await turn();
  assert.deepEqual(one, { pulled: 3, done: true });
  assert(many.every(({ done }) => !done));
});

test("pages that take longer than a turn are only so many, and leave room for others", async () => {
  const { pace, turn, deferred } = scene();
  const gate = new Gate();
  let asked = 0;
  for (let i = 0; i < 40; i += 1) {
    const slow = async function* (): AsyncGenerator<readonly unknown[]> {
      asked += 1;
      await gate.opened;
      yield [];
    };
    void drain(pace.laneFor("192.0.2.1").paced(slow()));
  }
  await turns(1);
  assert.equal(asked, 4);
  for (let i = 0; i < 20; i += 1) await turn();
  assert.deepEqual([asked, deferred.length], [25, 0], "nobody turns for nothing");
  const other = pull(pace.laneFor("192.0.2.2"), 1);
  await turns(1);
  assert.equal(other.pulled, 1);
  gate.open();
  for (let i = 0; i < 20; i += 1) await turn();
  assert.deepEqual([asked, deferred.length], [40, 0]);
});

test("a page that fails is not under way any more", async () => {
  const { pace, turn } = scene();
  const failing = async function* (): AsyncGenerator<readonly unknown[]> {
    if (pace) throw new Error("broken");
    yield [];
  };
  for (let i = 0; i < 8; i += 1) {
    await assert.rejects(drain(pace.laneFor("192.0.2.1").paced(failing())), /broken/);
    await turn();
  }
});

test("nothing is left when everything was given", async () => {
  const { pace, turn, deferred } = scene();
  const states = [
    pull(pace.laneFor("a"), 9),
    pull(pace.laneFor("a"), 0),
    pull(pace.laneFor("b"), 1),
  ];
  for (let i = 0; i < 10; i += 1) await turn();
  assert(states.every(({ done }) => done));
  assert.equal(deferred.length, 0);
});

test("who stops early, or fails, ends the source", async () => {
  const { pace } = scene();
  let ended = 0;
  for await (const _ of pace.laneFor("a").paced(pages(9, 1, () => ended++))) break;
  assert.equal(ended, 1);
  async function* failing(): AsyncGenerator<readonly unknown[]> {
    yield [1];
    throw new Error("broken");
  }
  await assert.rejects(async () => {
    for await (const _ of pace.laneFor("a").paced(failing()));
  }, /broken/);
});
