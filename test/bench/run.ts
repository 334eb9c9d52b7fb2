/**
 * `npm run bench`: runs the suites, prints a JSON line a case on stdout and the tables after them;
 * progress goes to stderr. README.md says what the figures mean.
 */

import { Calm, startGauges } from "./calm.ts";
import { type Figure, figureOf } from "./figures.ts";
import { describeMachine, keepAwake, pinGenerator } from "./machine.ts";
import { parseCommandLine, USAGE } from "./options.ts";
import { progress, progressDone } from "./progress.ts";
import { newestChapter, saveResults, writeReadme } from "./report/record.ts";
import { formatLines, type Line } from "./report/results.ts";
import { tables } from "./report/table.ts";
import { runRounds } from "./rounds.ts";
import type { BenchOptions, Suite } from "./suite.ts";
import { channel } from "./suites/channel.ts";
import { connect } from "./suites/connect.ts";
import { cores } from "./suites/cores.ts";
import { fanOut } from "./suites/fan-out.ts";
import { idle } from "./suites/idle.ts";
import { importing } from "./suites/import.ts";
import { ingest } from "./suites/ingest.ts";
import { overload } from "./suites/overload.ts";
import { queries } from "./suites/queries.ts";
import { scale } from "./suites/scale.ts";
import { seal } from "./suites/seal.ts";

const SUITES: readonly Suite[] = [
  ingest,
  queries,
  importing,
  fanOut,
  connect,
  channel,
  idle,
  cores,
  overload,
  scale,
  seal,
];

const { results, instead, ...command } = parseCommandLine(process.argv.slice(2));
if (instead === "help") process.stdout.write(USAGE);
else if (instead === "table") process.stdout.write(newestChapter());
else if (instead === "readme") writeReadme();
else await main({ ...command, cores: undefined });

async function main(unpinned: BenchOptions): Promise<void> {
  const options = { ...unpinned, cores: pinGenerator() };
  const isAwake = keepAwake();
  const calm = options.cores && new Calm(await startGauges(options.cores));
  const lines: Line[] = [];
  const print = (line: Line): void => {
    lines.push(line);
    process.stdout.write(formatLines([line]));
  };
  const machine = describeMachine(options.cores, isAwake);
  print({ type: "machine", ...machine, date: new Date().toISOString(), rounds: options.rounds });
  for (const suite of chosen(options)) {
    const { notes, figures } = await measure(suite, options, calm);
    print({ type: "suite", suite: suite.name, title: suite.title, notes });
    for (const figure of figures) print({ type: "figure", ...figure });
  }
  calm?.close();
  process.stdout.write(`\n${tables(lines)}`);
  if (results !== undefined) saveResults(results, lines);
}

async function measure(
  suite: Suite,
  options: BenchOptions,
  calm: Calm | undefined,
): Promise<{ notes: readonly string[]; figures: readonly Figure[] }> {
  const { rounds, dose, row } = options;
  progress(`${suite.name}: starting`);
  const { cases, notes, close } = await suite.open(options);
  try {
    const wanted = cases.filter((item) => item.row.includes(row));
    const measured = await runRounds(wanted, {
      rounds,
      milliseconds: suite.milliseconds * dose,
      warmUp: suite.warmUp * dose,
      progress: (text) => progress(`${suite.name}: ${text}`),
      calm,
    });
    return { notes, figures: measured.map((each) => figureOf(suite.name, each)) };
  } finally {
    await close();
    progressDone();
  }
}

function chosen({ suites }: BenchOptions): readonly Suite[] {
  const known = SUITES.map(({ name }) => name);
  const unknown = suites.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`no suite ${unknown}; there are ${known.join(", ")}`);
  }
  return suites.length === 0 ? SUITES : SUITES.filter(({ name }) => suites.includes(name));
}
