import assert from "node:assert/strict";
import { test } from "node:test";
import { Calm, type Gauges } from "./calm.ts";
import { runRounds } from "./rounds.ts";
import type { Case } from "./suite.ts";

/** Gauges that say this, one after another: speeds of the server's core, of the generator's. */
class Script implements Gauges {
  readonly asked: string[] = [];
  readonly #now: (readonly [number, number])[];
  readonly #watched: (readonly (readonly number[])[])[];

  constructor(
    now: readonly (readonly [number, number])[],
    watched: readonly (readonly (readonly number[])[])[] = [],
  ) {
    this.#now = [...now];
    this.#watched = [...watched];
  }

  async now(): Promise<readonly (readonly number[])[]> {
    this.asked.push("now");
    return (this.#now.shift() ?? assert.fail("asked too often")).map((speed) => [speed]);
  }

  watch(): void {
    this.asked.push("watch");
  }

  async watched(): Promise<readonly (readonly number[])[]> {
    this.asked.push("watched");
    return this.#watched.shift() ?? assert.fail("asked too often");
  }

  close(): void {}
}

/** Each look at it is ten milliseconds later. */
function clock(): () => number {
  let time = 0;
  return () => {
    time += 10;
    return time;
  };
}

/** Has seen how fast the cores can be. */
async function calmWith(gauges: Script, patience: number): Promise<Calm> {
  const calm = new Calm(gauges, clock());
  calm.encourage(patience);
  await calm.comes("all");
  gauges.asked.length = 0;
  return calm;
}

test("a core that is a third slower than one has been is waited for", async () => {
  const gauges = new Script([
    [10, 10],
    [6, 10],
    [6, 10],
    [9, 10],
  ]);
  const calm = await calmWith(gauges, 1000);
  await calm.comes("server");
  assert.deepEqual(gauges.asked, ["now", "now", "now", "watch"]);
});

test("the generator's core is waited for only where a figure depends on it", async () => {
  const script = [
    [10, 10],
    [10, 6],
    [10, 10],
  ] as const;
  for (const [places, looks] of [
    ["server", 1],
    ["all", 2],
  ] as const) {
    const gauges = new Script(script);
    const calm = await calmWith(gauges, 1000);
    await calm.comes(places);
    assert.equal(gauges.asked.filter((what) => what === "now").length, looks);
  }
});

test("patience has an end, for one wait and for all together", async () => {
  const gauges = new Script([[10, 10], ...Array(8).fill([6, 10])]);
  const calm = await calmWith(gauges, 30);
  await calm.comes("server");
  assert.equal(gauges.asked.length, 4 + 1);
  assert.equal(calm.isPatient, false);
  // Now it looks once and goes on.
  await calm.comes("server");
  assert.equal(gauges.asked.length, 4 + 1 + 2);
});

test("it has lasted if the cores were fast four times of five", async () => {
  const fast = Array(10).fill(10);
  const slow = (count: number) => [...Array(count).fill(6), ...Array(10 - count).fill(10)];
  const cases = [
    [[fast, fast], true, true],
    [[slow(2), fast], true, true],
    [[slow(3), fast], false, false],
    [[fast, slow(3)], true, false],
    // Too short to be looked at.
    [[[], []], true, true],
  ] as const;
  for (const [watched, ofServer, ofAll] of cases) {
    const calm = await calmWith(new Script([[10, 10]], [watched, watched]), 1000);
    assert.equal(await calm.lasted("server"), ofServer);
    assert.equal(await calm.lasted("all"), ofAll);
  }
});

test("a round in which a core was slow is measured again, until patience is at its end", async () => {
  const [fast, slow] = [
    [[10], [10]],
    [[6], [10]],
  ];
  const gauges = new Script(Array(5).fill([10, 10]), [slow, fast, slow, slow, slow]);
  const calm = new Calm(gauges, () => 0);
  let runs = 0;
  const item: Case = {
    row: "row",
    column: "column",
    unit: "event",
    peer: { cpu: async () => 0, residentBytes: () => undefined },
    async run() {
      runs += 1;
      // The last one of those that are measured again takes all patience there is.
      if (runs === 4) calm.regret(1000);
      return { operations: runs };
    },
  };
  const [measured] = await runRounds([item], {
    rounds: 2,
    milliseconds: 1,
    warmUp: 1,
    progress: () => {},
    calm,
  });
  // The first run is the warm-up.
  const counted = measured?.samples.map(({ operations, isDisturbed }) => [operations, isDisturbed]);
  assert.deepEqual(counted, [
    [3, false],
    [4, true],
  ]);
  assert.equal(runs, 4);
});
