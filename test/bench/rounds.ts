/** Interleaved rounds: every case once, then every case again; so that a slow minute hurts all. */

import type { Calm } from "./calm.ts";
import type { Case, Measures, Outcome, Peer } from "./suite.ts";

/** One run of one case. */
export interface Sample {
  readonly operations: number;
  readonly seconds: number;
  /** CPU time of what is measured, µs; `undefined` where nobody can tell. */
  readonly cpu: number | undefined;
  /** CPU time of the load generator, µs; `undefined` where it does the measured work itself. */
  readonly generatorCpu: number | undefined;
  readonly measures: Measures;
  /** Whether a core was slowed down from outside; `undefined` where nobody looked. */
  readonly isDisturbed?: boolean;
}

export interface Measured {
  readonly case: Case;
  readonly samples: readonly Sample[];
}

export interface RoundOptions {
  readonly rounds: number;
  readonly milliseconds: number;
  /** How long each case runs first, uncounted, for compilers and caches to warm up. */
  readonly warmUp: number;
  readonly progress: (text: string) => void;
  /** What counted rounds wait for. */
  readonly calm: Calm | undefined;
}

export async function runRounds(
  cases: readonly Case[],
  { rounds, milliseconds, warmUp, progress, calm }: RoundOptions,
): Promise<readonly Measured[]> {
  const samples = cases.map((): Sample[] => []);
  for (let round = 0; round <= rounds; round++) {
    const time = round === 0 ? warmUp : milliseconds;
    for (const [index, item] of cases.entries()) {
      progress(`round ${round} of ${rounds}: ${item.row}, ${item.column}`);
      if (round === 0) await runOnce(item, time);
      else samples[index]?.push(await runInCalm(item, time, calm));
    }
  }
  return cases.map((item, index) => ({ case: item, samples: samples[index] ?? [] }));
}

/** Again and again until no core was slowed down, or until patience is at its end. */
async function runInCalm(item: Case, time: number, calm: Calm | undefined): Promise<Sample> {
  calm?.encourage(Math.min(2 * time, MAX_PATIENCE));
  for (;;) {
    const sample = await runOnce(item, time, calm);
    if (!sample.isDisturbed || !calm?.isPatient) return sample;
    calm.regret(1000 * sample.seconds);
  }
}

/** Milliseconds that a round may wait for calm, and be measured in vain. */
const MAX_PATIENCE = 6_000;

async function runOnce(item: Case, milliseconds: number, calm?: Calm): Promise<Sample> {
  const places = item.places ?? (item.peer ? "server" : "all");
  await item.prepare?.(milliseconds);
  await calm?.comes(places);
  const sample = await runMeasured(item, milliseconds);
  const isDisturbed = calm && !(await calm.lasted(places));
  await item.tidy?.();
  return isDisturbed === undefined ? sample : { ...sample, isDisturbed };
}

async function runMeasured(item: Case, milliseconds: number): Promise<Sample> {
  const peerBefore = await item.peer?.cpu();
  const ownBefore = process.cpuUsage();
  const start = performance.now();
  const { operations, measures = {} } = await ended(item, milliseconds);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(ownBefore);
  const own = user + system;
  const done = { operations, seconds, measures };
  if (!item.peer) return { ...done, cpu: own, generatorCpu: undefined };
  return { ...done, cpu: await cpuSince(item.peer, peerBefore), generatorCpu: own };
}

/** Milliseconds longer than it should that a run may take: a relay that never answers is a finding. */
const PATIENCE = 600_000;

function ended(item: Case, milliseconds: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const what = `${item.row}, ${item.column}`;
      reject(new Error(`${what}: what was asked is still not answered, ten minutes later`));
    }, milliseconds + PATIENCE);
    item
      .run(milliseconds)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

async function cpuSince(peer: Peer, before: number | undefined): Promise<number | undefined> {
  const after = await peer.cpu();
  return before === undefined || after === undefined ? undefined : after - before;
}
