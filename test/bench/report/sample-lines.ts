/** Made-up results for the tests of what is made of them. */

import { CPU_TIME, type Figure } from "../figures.ts";
import type { FigureLine, MachineLine, SuiteLine } from "./results.ts";

export const machineLine: MachineLine = {
  type: "machine",
  cpu: "Abacus",
  cores: 2,
  memoryGiB: 1,
  node: "v20.0.0",
  openssl: "3",
  kernel: "6",
  load: 0,
  pinning: "server processes on core 0, generator on core 1",
  date: "2026-01-01T00:00:00.000Z",
  rounds: 3,
};

export function suiteLine(suite: string, ...notes: readonly string[]): SuiteLine {
  return { type: "suite", suite, title: `Title of ${suite}`, notes };
}

export function figureLine(
  suite: string,
  row: string,
  column: string,
  value: number,
  others: Partial<Figure> = {},
): FigureLine {
  return {
    type: "figure",
    suite,
    row,
    column,
    unit: "event",
    headline: CPU_TIME,
    value,
    cpuMicros: value,
    cpuMicrosByRound: [value],
    rate: 1e6 / value,
    busy: 0.99,
    generatorBusy: 0.4,
    generatorMicros: 1,
    operations: 3,
    disturbedRounds: 0,
    measures: {},
    ...others,
  };
}
