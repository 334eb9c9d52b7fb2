/**
 * `npm run bench`: runs the suites, prints a JSON line a case on stdout and the tables after them;
 * progress goes to stderr. README.md says what the figures mean.
 */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Figure, figureOf } from "./figures.ts";
import { describeMachine, pinGenerator } from "./machine.ts";
import { parseCommandLine, USAGE } from "./options.ts";
import { runRounds } from "./rounds.ts";
import type { BenchOptions, Suite } from "./suite.ts";
import { channel } from "./suites/channel.ts";
import { connect } from "./suites/connect.ts";
import { relay } from "./suites/relay.ts";
import { seal } from "./suites/seal.ts";
import { machineTable, suiteTables } from "./table.ts";

const SUITES: readonly Suite[] = [connect, channel, seal, relay];

const { results, help, ...command } = parseCommandLine(process.argv.slice(2));
if (help) process.stdout.write(USAGE);
else await main({ ...command, cores: undefined });

async function main(unpinned: BenchOptions): Promise<void> {
  const options = { ...unpinned, cores: pinGenerator() };
  const machine = describeMachine(options.cores);
  const lines: string[] = [];
  const print = (record: object): void => {
    lines.push(JSON.stringify(record));
    process.stdout.write(`${lines.at(-1)}\n`);
  };
  print({ type: "machine", ...machine, date: new Date().toISOString(), rounds: options.rounds });
  const tables = [machineTable(machine)];
  for (const suite of chosen(options.suites)) {
    const { notes, figures } = await measure(suite, options);
    print({ type: "suite", suite: suite.name, title: suite.title, notes });
    for (const figure of figures) print({ type: "figure", ...figure });
    tables.push(suiteTables(suite.title, notes, figures));
  }
  process.stdout.write(`\n${tables.join("\n")}`);
  if (results !== undefined) save(results, lines, tables);
}

async function measure(
  suite: Suite,
  options: BenchOptions,
): Promise<{ notes: readonly string[]; figures: readonly Figure[] }> {
  const { rounds, scale, row } = options;
  const { cases, notes, close } = await suite.open(options);
  try {
    const wanted = cases.filter((item) => item.row.includes(row));
    const measured = await runRounds(wanted, {
      rounds,
      milliseconds: suite.milliseconds * scale,
      warmUp: suite.warmUp * scale,
      progress: (text) => process.stderr.write(`${suite.name}: ${text}\n`),
    });
    return { notes, figures: measured.map((each) => figureOf(suite.name, each)) };
  } finally {
    await close();
  }
}

function chosen(names: readonly string[]): readonly Suite[] {
  const known = SUITES.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`no suite ${unknown}; there are ${known.join(", ")}`);
  }
  return names.length === 0 ? SUITES : SUITES.filter(({ name }) => names.includes(name));
}

function save(name: string, lines: readonly string[], tables: readonly string[]): void {
  // From dist/test/bench to the sources, where results are kept.
  const folder = fileURLToPath(new URL("../../../test/bench/results/", import.meta.url));
  writeFileSync(`${folder}${name}.jsonl`, `${lines.join("\n")}\n`);
  writeFileSync(`${folder}${name}.md`, `# ${name}\n\n${tables.join("\n")}`);
}
