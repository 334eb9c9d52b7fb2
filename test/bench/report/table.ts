/** The readable end of a run: Markdown tables, a row a case, a column each for what is compared. */

import { CPU_TIME, digits, type Figure } from "../figures.ts";
import type { Machine } from "../machine.ts";
import { type Line, machineOf, suitesOf } from "./results.ts";

/** Everything of a run. */
export function tables(lines: readonly Line[]): string {
  const machine = machineOf(lines);
  return [
    ...(machine ? [`${machineLines(machine).join("\n")}\n`] : []),
    ...suitesOf(lines).map(({ suite, figures }) => suiteTables(suite.title, suite.notes, figures)),
  ].join("\n");
}

export function machineLines(machine: Machine): readonly string[] {
  const { cpu, cores, memoryGiB, node, openssl, kernel, load, pinning } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; Linux ${kernel}; Node ${node}, OpenSSL ${openssl};`,
    `${pinning}; load average before the run: ${load.toFixed(1)}.`,
  ];
}

/** The tables of a suite: what it is about, rates and how busy both ends were, all other measures. */
function suiteTables(title: string, notes: readonly string[], figures: readonly Figure[]): string {
  const loads = figures.filter(isLoad);
  return [
    `## ${title}`,
    ...[...notes, ...disturbance(figures)].map((note) => `- ${note}`),
    "",
    "Medians of the rounds; CPU time is that of the measured process:",
    "",
    headlines(figures),
    "",
    ...section(
      "Operations a second of wall time (how busy the server's core and the generator's were):",
      grid(loads, ({ row, unit }) => `${row} (per ${unit})`, rateCell),
      loads.length,
    ),
    ...otherMeasures(figures).flatMap((name) => {
      const measured = figures.filter(({ measures }) => measures[name] !== undefined);
      const cell = ({ measures }: Figure): string => digits(measures[name]);
      return section(
        `${name}:`,
        grid(measured, ({ row }) => row, cell),
        measured.length,
      );
    }),
  ].join("\n");
}

/** How many rounds are not to be trusted; nothing where nobody looked. */
function disturbance(figures: readonly Figure[]): readonly string[] {
  const watched = figures.filter(({ disturbedRounds }) => disturbedRounds !== undefined);
  if (watched.length === 0) return [];
  const sum = (count: (figure: Figure) => number): number =>
    watched.reduce((total, figure) => total + count(figure), 0);
  const disturbed = sum((figure) => figure.disturbedRounds ?? 0);
  const rounds = sum((figure) => figure.cpuMicrosByRound.length);
  return [`in ${disturbed} of ${rounds} rounds somebody else slowed a core down`];
}

/** The one figure that each row is about. */
export function headlines(figures: readonly Figure[]): string {
  return grid(figures, headlineLabel, ({ value }) => digits(value));
}

export function headlineLabel({ row, unit, headline }: Figure): string {
  return headline === CPU_TIME ? `${row} (${headline} per ${unit})` : `${row} (${headline})`;
}

/** Rows and columns in the order in which they first appear. */
export function grid(
  figures: readonly Figure[],
  label: (figure: Figure) => string,
  cell: (figure: Figure) => string,
): string {
  const rows = [...new Set(figures.map(({ row }) => row))];
  const columns = [...new Set(figures.map(({ column }) => column))];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map((row) => {
    const inRow = figures.filter((item) => item.row === row);
    const cells = columns.map((column) => {
      const figure = inRow.find((item) => item.column === column);
      return figure ? cell(figure) : "";
    });
    return line([inRow[0] ? label(inRow[0]) : row, ...cells]);
  });
  return [line(["", ...columns]), line(["---", ...columns.map(() => "---:")]), ...body].join("\n");
}

function section(head: string, table: string, size: number): readonly string[] {
  return size === 0 ? [] : [head, "", table, ""];
}

/** Whether operations a second say anything: not where a run only waits. */
function isLoad({ headline, generatorBusy }: Figure): boolean {
  return headline === CPU_TIME || generatorBusy !== undefined;
}

/** Measures that the first table does not show for every figure that has them. */
function otherMeasures(figures: readonly Figure[]): readonly string[] {
  const names = new Set(
    figures.flatMap(({ headline, measures }) =>
      Object.keys(measures).filter((name) => name !== headline),
    ),
  );
  return [...names];
}

function rateCell({ rate, busy, generatorBusy }: Figure): string {
  const shares =
    generatorBusy === undefined ? "" : ` (${percent(busy)}, ${percent(generatorBusy)})`;
  return `${digits(rate)}${shares}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${Math.round(100 * share)} %`;
}
