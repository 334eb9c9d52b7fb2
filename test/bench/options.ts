/** The command line of the bench. */

import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import type { BenchOptions } from "./suite.ts";

export const USAGE = `npm run bench -- [options]
  --suite NAME   only this suite (may be given again)
  --row TEXT     only rows whose name holds this
  --quick        one short round over a small database: whether it works, not how fast
  --rounds NUMBER how often everything is measured (default: 3)
  --scale NUMBER events in the database that is queried (default: 100000)
  --peers        also relays of others that run in Node
  --url ADDRESS  a relay that runs already (nostr+ws://npub1…@, ws://, wss://) instead of our own
  --pid PID      its process on this machine, for CPU time and memory (Linux)
  --name NAME    what to call it
  --fill         first give it the events that are queried
  --seed NUMBER  other events: for a relay that has the usual ones already
  --data FOLDER  where our relays keep their events, and the bench what it uses again (default: the
                 system's folder for such)
  --profile DIR  write CPU profiles of the server processes
  --dose NUMBER  multiplies the time that everything is measured for
  --results NAME also into test/bench/results/NAME.jsonl, whose other figures stay, and NAME.md, NAME.svg
  --table        nothing is measured: print the newest results as README.md has them
  --readme       nothing is measured: put them there, and draw their table and picture anew
`;

/** Suites that make sense against a relay of which only the URL is known. */
const FOR_ANY_RELAY = ["ingest", "queries", "fan-out", "idle"];

export interface CommandLine extends Omit<BenchOptions, "cores"> {
  readonly results: string | undefined;
  /** What is wanted instead of a run. */
  readonly instead: "help" | "table" | "readme" | undefined;
}

/** Throws a TypeError for what it does not know. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  const { quick, url } = values;
  const isAll = values.suite.length === 0;
  return {
    suites: url !== undefined && isAll ? FOR_ANY_RELAY : values.suite,
    row: values.row,
    rounds: number(values.rounds) ?? (quick ? 1 : 3),
    dose: number(values.dose) ?? (quick ? QUICK_DOSE : 1),
    scale: number(values.scale) ?? (quick ? QUICK_SCALE : SCALE),
    seed: number(values.seed) ?? 1,
    url,
    pid: number(values.pid),
    name: values.name,
    fill: values.fill,
    peers: values.peers,
    data: values.data,
    profile: values.profile,
    results: values.results,
    instead: (["help", "table", "readme"] as const).find((name) => values[name]),
  };
}

const SCALE = 100_000;
const QUICK_SCALE = 10_000;
const QUICK_DOSE = 0.2;

const OPTIONS = {
  suite: { type: "string", multiple: true, default: [] as string[] },
  row: { type: "string", default: "" },
  quick: { type: "boolean", default: false },
  rounds: { type: "string" },
  scale: { type: "string" },
  peers: { type: "boolean", default: false },
  url: { type: "string" },
  pid: { type: "string" },
  name: { type: "string" },
  fill: { type: "boolean", default: false },
  seed: { type: "string" },
  data: { type: "string", default: tmpdir() },
  profile: { type: "string" },
  dose: { type: "string" },
  results: { type: "string" },
  table: { type: "boolean", default: false },
  readme: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value >= 0)) throw new TypeError(`${text} is not a number`);
  return value;
}
