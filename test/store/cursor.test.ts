import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cursor, newestFirst, type Quota, type Row, type Scan } from "../../src/store/cursor.ts";

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

const limit = (left: number): Quota => ({ left });
const unlimited = () => limit(Number.POSITIVE_INFINITY);

async function pages(...cursors: readonly Cursor[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for await (const page of newestFirst(cursors)) all.push(page.map(([, content]) => content));
  return all;
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

  it("reads no more rows than its filter may contribute, and no further", async () => {
    const { scan, asked } = scanOf([20, 18, 16, 14]);
    assert.deepEqual(await pages(new Cursor(scan, limit(2))), [["20", "18"]]);
    assert.deepEqual(asked, [2]);
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
    const other = scanOf([8]);
    assert.deepEqual(await pages(new Cursor(other.scan, limit(0))), []);
    assert.deepEqual([...asked, ...other.asked], []);
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
    await answer.return();
    assert.equal(asked.length, 2);
  });
});
