/** Figures from samples: medians over the rounds, one line of JSON a case. */

import type { Measured, Sample } from "./rounds.ts";

/** One case's result, as it is printed: a JSON line. */
export interface Figure {
  readonly suite: string;
  readonly row: string;
  readonly column: string;
  readonly unit: string;
  /** The main figure: CPU time of the server process for one operation, in µs. */
  readonly cpuMicros: number | undefined;
  /** The same, round by round, so that the spread shows. */
  readonly cpuMicrosByRound: readonly (number | undefined)[];
  /** Operations per second of wall time. */
  readonly rate: number;
  /** Shares of one core that were in use, 0 to 1 (more with several threads). */
  readonly busy: number | undefined;
  readonly generatorBusy: number | undefined;
  /** CPU time of the generator for one operation, in µs. */
  readonly generatorMicros: number | undefined;
  /** Operations that all rounds counted together. */
  readonly operations: number;
}

export function figureOf(suite: string, { case: item, samples }: Measured): Figure {
  const perOperation = (micros: number | undefined, { operations }: Sample): number | undefined =>
    micros === undefined ? undefined : micros / operations;
  const share = (micros: number | undefined, { seconds }: Sample): number | undefined =>
    micros === undefined ? undefined : micros / 1e6 / seconds;
  const overRounds = (figure: (sample: Sample) => number | undefined): number | undefined =>
    median(samples.map(figure));
  return {
    suite,
    row: item.row,
    column: item.column,
    unit: item.unit,
    cpuMicros: overRounds((sample) => perOperation(sample.cpu, sample)),
    cpuMicrosByRound: samples.map((sample) => perOperation(sample.cpu, sample)),
    rate: overRounds(({ operations, seconds }) => operations / seconds) ?? 0,
    busy: overRounds((sample) => share(sample.cpu, sample)),
    generatorBusy: overRounds((sample) => share(sample.generatorCpu, sample)),
    generatorMicros: overRounds((sample) => perOperation(sample.generatorCpu, sample)),
    operations: samples.reduce((sum, { operations }) => sum + operations, 0),
  };
}

/** The middle one, or the mean of the two in the middle; `undefined` if any value is missing. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (known.length < values.length) return undefined;
  const upper = known[Math.floor(known.length / 2)];
  const lower = known[Math.ceil(known.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** Three digits that count; more only where they stand before the point. */
export function digits(value: number | undefined): string {
  if (value === undefined) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3).replace(/^0\.0+$/, "0");
}
