import { test } from "node:test";
import { reconcileOverSockets, type Sizes } from "./negentropy.ts";

const cases: readonly Sizes[] = [
  [100_000, 0, 0],
  [0, 100_000, 0],
  [0, 0, 100_000],
  [50_000, 50_000, 50_000],
  [10, 10, 99_990],
];

for (const sizes of cases) {
  const [relay, client, both] = sizes;
  test(`relay ${relay}, client ${client}, both ${both}`, (t) => reconcileOverSockets(t, sizes));
}
