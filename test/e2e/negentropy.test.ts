import { test } from "node:test";
import { reconcileOverSockets, type Sizes } from "./negentropy.ts";

const cases: readonly Sizes[] = [
  [0, 0, 0],
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
  [10, 0, 0],
  [0, 10, 0],
  [4, 3, 6],
  [10_000, 0, 0],
  [0, 10_000, 0],
  [0, 0, 10_000],
  [1_000, 1_000, 9_000],
];

for (const sizes of cases) {
  const [relay, client, both] = sizes;
  test(`relay ${relay}, client ${client}, both ${both}`, (t) => reconcileOverSockets(t, sizes));
}
