import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Backlog } from "../../src/relay/backlog.ts";

/** Takes as much as there is room for; returns how much that is. */
function fill(backlog: Backlog, address: string): number {
  const share = backlog.shareOf(address);
  while (share.hasRoom) share.waiting += 1;
  return share.waiting;
}

test("one client may take everything, and has room again when it is done", () => {
  const backlog = new Backlog(8);
  const share = backlog.shareOf("a");
  share.waiting = 7;
  assert(share.hasRoom);
  share.waiting = 8;
  assert(!share.hasRoom);
  share.waiting = 7;
  assert(share.hasRoom);
});

test("whoever comes when all is taken gets an equal part, by address and then by client", () => {
  const backlog = new Backlog(8);
  assert.equal(fill(backlog, "flood"), 8);
  assert.equal(fill(backlog, "flood"), 4, "half of the address's");
  assert.equal(fill(backlog, "other"), 4, "half of all");
  assert.equal(fill(backlog, "third"), 2, "a third of all, in whole numbers");
  assert.equal(fill(backlog, "third"), 1);
});

test("who has ended takes no part", () => {
  const backlog = new Backlog(8);
  const [first, second] = [backlog.shareOf("a"), backlog.shareOf("b")];
  first.waiting = 8;
  second.waiting = 1;
  second.waiting = 0;
  first.waiting = 0;
  assert.equal(fill(backlog, "c"), 8);
});

test("the sum stays bounded, whoever comes in whatever order", () => {
  const max = 64;
  const client = fc.nat({ max: 39 });
  fc.assert(
    fc.property(fc.array(client, { maxLength: 2_000 }), (clients) => {
      const backlog = new Backlog(max);
      const shares = Array.from({ length: 40 }, (_, i) => backlog.shareOf(`${i % 10}`));
      for (const index of clients) {
        const share = shares[index];
        if (share?.hasRoom) share.waiting += 1;
      }
      const sum = shares.reduce((total, { waiting }) => total + waiting, 0);
      // A harmonic series over addresses, and one over the clients of each.
      assert(sum <= max * (1 + Math.log(10)) * (1 + Math.log(4)), `${sum}`);
    }),
    { numRuns: 30 },
  );
});
