/** The readable end of a run: Markdown tables, a row a case, a column each for what is compared. */

import { digits, type Figure } from "./figures.ts";
import type { Machine } from "./machine.ts";

export function machineTable(machine: Machine): string {
  const { cpu, cores, memoryGiB, node, openssl, kernel, load, pinning } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; Linux ${kernel}; Node ${node}, OpenSSL ${openssl};`,
    `${pinning}; load average before the run: ${load.toFixed(1)}.`,
    "",
  ].join("\n");
}

/** Both tables of a suite: CPU time an operation, then rates and how busy both ends were. */
export function suiteTables(
  title: string,
  notes: readonly string[],
  figures: readonly Figure[],
): string {
  return [
    `## ${title}`,
    ...notes.map((note) => `- ${note}`),
    "",
    "CPU time of the measured process for one operation, in µs (median of the rounds):",
    "",
    grid(figures, ({ cpuMicros }) => digits(cpuMicros)),
    "",
    "Operations a second of wall time (how busy the server's core and the generator's were):",
    "",
    grid(figures, rateCell),
    "",
  ].join("\n");
}

function rateCell({ rate, busy, generatorBusy }: Figure): string {
  const shares =
    generatorBusy === undefined ? "" : ` (${percent(busy)}, ${percent(generatorBusy)})`;
  return `${digits(rate)}${shares}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${Math.round(100 * share)} %`;
}

/** Rows and columns in the order in which they first appear. */
export function grid(figures: readonly Figure[], cell: (figure: Figure) => string): string {
  const rows = [...new Set(figures.map(({ row }) => row))];
  const columns = [...new Set(figures.map(({ column }) => column))];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map((row) => {
    const cells = columns.map((column) => {
      const figure = figures.find((item) => item.row === row && item.column === column);
      return figure ? cell(figure) : "";
    });
    const unit = figures.find((item) => item.row === row)?.unit ?? "";
    return line([`${row} (per ${unit})`, ...cells]);
  });
  return [line(["", ...columns]), line(["---", ...columns.map(() => "---:")]), ...body].join("\n");
}
