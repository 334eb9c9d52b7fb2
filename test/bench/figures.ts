/** Figures from samples: medians over the rounds that nobody disturbed, one line of JSON a case. */

import type { Measured, Sample } from "./rounds.ts";
import type { Measures } from "./suite.ts";

/** One case's result, as it is printed: a JSON line. */
export interface Figure {
  readonly suite: string;
  readonly row: string;
  readonly column: string;
  readonly unit: string;
  /** What `value` is: {@link CPU_TIME}, or the name of one of the measures. Less is better. */
  readonly headline: string;
  readonly value: number | undefined;
  /** CPU time of the server process for one operation, in µs. */
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
  /**
   * Rounds in which a core was slowed down from outside, which count only if all were disturbed;
   * `undefined` where nobody looked.
   */
  readonly disturbedRounds: number | undefined;
  /** Whatever else the suite measures, by name. */
  readonly measures: Measures;
}

export const CPU_TIME = "µs of CPU";

export function figureOf(suite: string, { case: item, samples }: Measured): Figure {
  const perOperation = (micros: number | undefined, { operations }: Sample): number | undefined =>
    micros === undefined ? undefined : micros / operations;
  const share = (micros: number | undefined, { seconds }: Sample): number | undefined =>
    micros === undefined ? undefined : micros / 1e6 / seconds;
  const calm = samples.filter(({ isDisturbed }) => !isDisturbed);
  const counted = calm.length > 0 ? calm : samples;
  const overRounds = (figure: (sample: Sample) => number | undefined): number | undefined =>
    median(counted.map(figure));
  const cpuMicros = overRounds((sample) => perOperation(sample.cpu, sample));
  const measures = mediansOf(counted);
  const { headline = CPU_TIME } = item;
  return {
    suite,
    row: item.row,
    column: item.column,
    unit: item.unit,
    headline,
    value: headline === CPU_TIME ? cpuMicros : measures[headline],
    cpuMicros,
    cpuMicrosByRound: samples.map((sample) => perOperation(sample.cpu, sample)),
    rate: overRounds(({ operations, seconds }) => operations / seconds) ?? 0,
    busy: overRounds((sample) => share(sample.cpu, sample)),
    generatorBusy: overRounds((sample) => share(sample.generatorCpu, sample)),
    generatorMicros: overRounds((sample) => perOperation(sample.generatorCpu, sample)),
    operations: samples.reduce((sum, { operations }) => sum + operations, 0),
    disturbedRounds: samples.some(({ isDisturbed }) => isDisturbed === undefined)
      ? undefined
      : samples.filter(({ isDisturbed }) => isDisturbed).length,
    measures,
  };
}

function mediansOf(samples: readonly Sample[]): Measures {
  const names = new Set(samples.flatMap(({ measures }) => Object.keys(measures)));
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = median(samples.map(({ measures }) => measures[name]));
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The middle one, or the mean of the two in the middle; `undefined` if any value is missing. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (known.length < values.length) return undefined;
  const upper = known[Math.floor(known.length / 2)];
  const lower = known[Math.ceil(known.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** What half of the operations stay below, and what 99 of 100 do; nothing where there were none. */
export function latencies(milliseconds: readonly number[]): Measures {
  const sorted = Float64Array.from(milliseconds).sort();
  const below = (share: number): number | undefined =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const [half, most] = [below(0.5), below(0.99)];
  return half === undefined || most === undefined ? {} : { [MEDIAN_MS]: half, [P99_MS]: most };
}

export const MEDIAN_MS = "median ms";
export const P99_MS = "p99 ms";

/** Three digits that count; more only where they stand before the point. */
export function digits(value: number | undefined): string {
  if (value === undefined) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3).replace(/^0\.0+$/, "0");
}
