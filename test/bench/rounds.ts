/** Interleaved rounds: every case once, then every case again; so that a slow minute hurts all. */

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
}

export async function runRounds(
  cases: readonly Case[],
  { rounds, milliseconds, warmUp, progress }: RoundOptions,
): Promise<readonly Measured[]> {
  const samples = cases.map((): Sample[] => []);
  for (let round = 0; round <= rounds; round++) {
    const time = round === 0 ? warmUp : milliseconds;
    for (const [index, item] of cases.entries()) {
      progress(`round ${round} of ${rounds}: ${item.row}, ${item.column}`);
      await item.prepare?.(time);
      const sample = await runOnce(item, time);
      await item.tidy?.();
      if (round > 0) samples[index]?.push(sample);
    }
  }
  return cases.map((item, index) => ({ case: item, samples: samples[index] ?? [] }));
}

async function runOnce(item: Case, milliseconds: number): Promise<Sample> {
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
