/**
 * What a suite of measurements is. A suite opens its peers and gives cases; the rounds are run for
 * it, so that every suite is measured in the same way.
 */

import type { Places } from "./calm.ts";
import type { Cores } from "./machine.ts";

export interface Suite {
  readonly name: string;
  /** What is measured, in one sentence; heads the table. */
  readonly title: string;
  /** How long one case runs in one round, and before the first, in milliseconds of wall time. */
  readonly milliseconds: number;
  readonly warmUp: number;
  open(options: BenchOptions): Promise<OpenSuite>;
}

export interface OpenSuite {
  readonly cases: readonly Case[];
  /** What a reader of the figures must know: the other end, the settings, the durability. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export interface Case {
  /** What is done: a row of the table. */
  readonly row: string;
  /** Over or with what it is done: a column. */
  readonly column: string;
  /** What is counted, in the singular. */
  readonly unit: string;
  /** The measure that the row is about; the CPU time of an operation unless said otherwise. */
  readonly headline?: string;
  /** Whose CPU time is measured; `undefined` for work that is done in this process. */
  readonly peer: Peer | undefined;
  /** The cores that must not be slowed down from outside; by default that of the peer, or all without one. */
  readonly places?: Places;
  /** Work for the next run that must not be measured. */
  prepare?(milliseconds: number): Promise<void> | void;
  /** Loads the peer for about so long; resolves once all that was asked is answered. */
  run(milliseconds: number): Promise<Outcome>;
  /** Undoes what `prepare` did; not measured either. */
  tidy?(): Promise<void> | void;
}

/** What one run of a case has done. */
export interface Outcome {
  readonly operations: number;
  /** What else was measured, by the names that head the tables, such as `median ms`. */
  readonly measures?: Measures;
}

export type Measures = Readonly<Record<string, number>>;

/** A process under load. */
export interface Peer {
  /** CPU time it has used so far, user and system, in µs; `undefined` where nobody can tell. */
  cpu(): Promise<number | undefined>;
  /** Memory that it holds, in bytes (resident set size); `undefined` where nobody can tell. */
  residentBytes(): number | undefined;
}

export interface BenchOptions {
  /** Names of the suites to run; empty for all. */
  readonly suites: readonly string[];
  /** Part of a row's name: only such rows are run. */
  readonly row: string;
  readonly rounds: number;
  /** Multiplies every suite's times. */
  readonly dose: number;
  /** Events in the database that is queried. */
  readonly scale: number;
  /** Other seeds make other events. */
  readonly seed: number;
  /** A relay that runs already, measured instead of our own; and its process, for its CPU time. */
  readonly url: string | undefined;
  readonly pid: number | undefined;
  /** What to call it. */
  readonly name: string | undefined;
  /** Whether it must be given the events first that are queried. */
  readonly fill: boolean;
  /** Whether relays of others that run in Node are measured too. */
  readonly peers: boolean;
  /** Where our relays keep their events, a new folder each; and where events are kept for next time. */
  readonly data: string;
  /** Where processes are pinned, if they are. */
  readonly cores: Cores | undefined;
  /** Folder for CPU profiles of the server processes. */
  readonly profile: string | undefined;
}
