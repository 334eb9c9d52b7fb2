import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cursor, newestFirst, Quota, type Row, type Scan } from "../../src/store/cursor.ts";

interface Spied {
  readonly scan: Scan;
  /** How many rows each read asked for. */
  readonly asked: number[];
}

/** A scan over the seqs given, newest first; the filter refuses odd ones. */
function scanOf(seqs: readonly number[], options: Partial<Scan> = {}): Spied {
  const asked: number[] = [];
  const scan: Scan = {
    from: 1000n,
    to: 0n,
    minRows: 1,
    maxRows: 4,
    read(from, rows) {
      asked.push(rows);
      const found = seqs
        .filter((seq) => seq <= from)
        .slice(0, rows)
        .map((seq): Row => [BigInt(seq), seq % 2 === 0 ? `${seq}` : null]);
      return { rows: found, isLast: found.length < rows };
    },
    ...options,
  };
  return { scan, asked };
}

const limit = (events: number, surplus?: number) => new Quota(events, surplus);
const unlimited = () => new Quota();

async function pages(...cursors: readonly Cursor[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for await (const page of newestFirst(cursors)) all.push(page.map(([, content]) => content));
  return all;
}

async function remainder(...cursors: readonly Cursor[]): Promise<unknown> {
  const answer = newestFirst(cursors);
  let page = await answer.next();
  while (!page.done) page = await answer.next();
  return page.value;
}

describe("a cursor", () => {
  it("reads on until its scan ends, and skips what the filter refuses", async () => {
    const { scan, asked } = scanOf([20, 19, 17, 15, 13, 12, 11, 9, 8, 7], { maxRows: 3 });
    assert.deepEqual((await pages(new Cursor(scan, unlimited()))).flat(), ["20", "12", "8"]);
    assert.deepEqual(asked, [3, 3, 3, 3]);
  });

  it("misses nothing between two reads", async () => {
    const { scan } = scanOf([21, 20, 19, 18, 16], { maxRows: 1 });
    assert.deepEqual((await pages(new Cursor(scan, unlimited()))).flat(), ["20", "18", "16"]);
  });

  it("reads one row more than its filter may contribute, and no further", async () => {
    const { scan, asked } = scanOf([20, 18, 16, 14]);
    assert.deepEqual(await pages(new Cursor(scan, limit(2))), [["20", "18"]]);
    assert.deepEqual(asked, [3]);
  });

  it("asks for more each time, between its bounds", async () => {
    const seqs = Array.from({ length: 40 }, (_, n) => 99 - 2 * n);
    const { scan, asked } = scanOf(seqs, { minRows: 2, maxRows: 16 });
    assert.deepEqual(await pages(new Cursor(scan, limit(1))), [[], [], [], []]);
    assert.deepEqual(asked, [2, 4, 8, 16, 16]);
  });

  it("reads nothing where nothing can be", async () => {
    const { scan, asked } = scanOf([8], { from: 3n, to: 4n });
    assert.deepEqual(await pages(new Cursor(scan, unlimited())), []);
    assert.deepEqual(asked, []);
  });

  it("takes an event once that its scan offers twice", async () => {
    const { scan } = scanOf([8, 8, 6, 6, 4, 4]);
    assert.deepEqual((await pages(new Cursor(scan, unlimited()))).flat(), ["8", "6", "4"]);
  });
});

describe("several cursors", () => {
  it("give their union, newest first", async () => {
    const cursors = [[20, 14, 8], [18, 14, 2], [], [20, 16, 14, 12, 10]].map(
      (seqs) => new Cursor(scanOf(seqs, { maxRows: 2 }).scan, unlimited()),
    );
    const found = ["20", "18", "16", "14", "12", "10", "8", "2"];
    assert.deepEqual((await pages(...cursors)).flat(), found);
  });

  it("of one filter share its limit; each filter counts what others have too", async () => {
    const mine = limit(3);
    const theirs = limit(2);
    const cursors = [
      new Cursor(scanOf([20, 12, 8]).scan, mine),
      new Cursor(scanOf([18, 12, 6]).scan, mine),
      new Cursor(scanOf([20, 10, 4]).scan, theirs),
    ];
    assert.deepEqual((await pages(...cursors)).flat(), ["20", "18", "12", "10"]);
  });

  it("hand over what they have before they read on, and let the event loop turn", async () => {
    const { scan, asked } = scanOf([20, 18, 16, 14], { maxRows: 2 });
    const answer = newestFirst([new Cursor(scan, unlimited())]);
    let turns = 0;
    const count = () => {
      turns += 1;
      if (turns < 100) setImmediate(count);
    };
    setImmediate(count);
    assert.equal((await answer.next()).value?.length, 2);
    assert.deepEqual({ turns, reads: asked.length }, { turns: 0, reads: 1 });
    assert.equal((await answer.next()).value?.length, 2);
    assert.ok(turns > 0);
    await answer.return("unknown");
    assert.equal(asked.length, 2);
  });
});

describe("what is left", () => {
  const left = (seqs: readonly number[], quota: Quota, options: Partial<Scan> = {}) =>
    remainder(new Cursor(scanOf(seqs, options).scan, quota));

  it("is nothing at the end of all scans", async () => {
    assert.equal(await left([], unlimited()), "finish");
    assert.equal(await left([8, 6, 4], unlimited()), "finish");
    assert.equal(await left([8, 6, 4], limit(3)), "finish");
    assert.equal(await left([8, 6, 5, 3], limit(2)), "finish");
    assert.equal(await left([8], limit(3), { from: 3n, to: 4n }), "finish");
  });

  it("is more where a match was read or is found by one more reading", async () => {
    assert.equal(await left([8, 6, 4], limit(2)), "more");
    assert.equal(await left([8, 6, 5, 3, 1, 2], limit(2), { maxRows: 3 }), "more");
  });

  it("is unknown where a search would have to go on", async () => {
    const seqs = [8, 7, 5, 3, 1];
    assert.equal(await left(seqs, limit(1), { maxRows: 2 }), "unknown");
    assert.equal(await left(seqs, limit(1), { maxRows: 4 }), "finish");
  });

  it("is what no filter has contributed", async () => {
    const filters = (...of: readonly (readonly [readonly number[], Quota])[]) =>
      remainder(...of.map(([seqs, quota]) => new Cursor(scanOf(seqs).scan, quota)));
    assert.equal(await filters([[8, 6], limit(1)], [[8, 6], limit(2)]), "finish");
    assert.equal(await filters([[8, 6], limit(1)], [[8, 4], limit(2)]), "more");
    assert.equal(await filters([[8, 4], limit(1)], [[8, 6], limit(2)]), "more");
    // What the first reads on for may have come from the second.
    assert.equal(await filters([[8, 6, 4], limit(1)], [[8, 6, 4], unlimited()]), "unknown");
  });
});

describe("a surplus", () => {
  // Places of seconds 2, 1 and 0.
  const [second, first, zeroth] = [2, 1, 0].map((n) => n * 2 ** 30) as [number, number, number];
  const seqs = [second, first + 8, first + 6, first + 4, first + 3, first + 2, zeroth];
  const of = (quota: Quota, maxRows = 4) =>
    new Cursor(scanOf(seqs, { from: 2n ** 40n, maxRows }).scan, quota);
  const count = async (quota: Quota, maxRows?: number) =>
    (await pages(of(quota, maxRows))).flat().length;

  it("completes the second at the limit, and no other", async () => {
    for (const maxRows of [1, 2, 4]) {
      assert.equal(await count(limit(1, 9), maxRows), 1);
      assert.equal(await count(limit(2, 9), maxRows), 5);
      assert.equal(await count(limit(4, 9), maxRows), 5);
      assert.equal(await count(limit(5, 9), maxRows), 5);
    }
  });

  it("ends where it is used up", async () => {
    assert.equal(await count(limit(2, 1)), 3);
    assert.equal(await count(limit(2, 0)), 2);
    assert.equal(await remainder(of(limit(2, 1))), "more");
    assert.equal(await remainder(of(limit(5, 9))), "more");
    assert.equal(await remainder(of(limit(6, 9))), "finish");
  });
});
