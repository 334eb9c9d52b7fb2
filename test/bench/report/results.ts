/**
 * Results as JSON lines: the machine, each suite with its notes, each figure. A run that measures
 * less than the file holds renews only what it has measured.
 */

import type { Figure } from "../figures.ts";
import type { Machine } from "../machine.ts";

export interface MachineLine extends Machine {
  readonly type: "machine";
  /** ISO 8601, when the run began. */
  readonly date: string;
  readonly rounds: number;
}

export interface SuiteLine {
  readonly type: "suite";
  readonly suite: string;
  readonly title: string;
  readonly notes: readonly string[];
}

export interface FigureLine extends Figure {
  readonly type: "figure";
}

export type Line = MachineLine | SuiteLine | FigureLine;

export function parseLines(text: string): readonly Line[] {
  // Written by this file.
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

export function formatLines(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * What was there, renewed by what is new. Throws a RangeError if they are of different machines,
 * whose figures must not stand side by side.
 */
export function renew(old: readonly Line[], lines: readonly Line[]): readonly Line[] {
  const [before, now] = [machineOf(old), machineOf(lines)];
  if (before && now && placeOf(before) !== placeOf(now)) {
    throw new RangeError(`these results are of another machine: ${placeOf(before)}`);
  }
  const renewed = new Map(old.map((line) => [nameOf(line), line]));
  for (const line of lines) {
    const known = renewed.get(nameOf(line));
    renewed.set(nameOf(line), known ? joined(known, line) : line);
  }
  return [...renewed.values()];
}

export function machineOf(lines: readonly Line[]): MachineLine | undefined {
  return lines.find((line) => line.type === "machine");
}

/** Each suite with its figures, in the order in which they first came. */
export function suitesOf(
  lines: readonly Line[],
): readonly { readonly suite: SuiteLine; readonly figures: readonly Figure[] }[] {
  const figures = lines.filter((line) => line.type === "figure");
  return lines
    .filter((line) => line.type === "suite")
    .map((suite) => ({ suite, figures: figures.filter((item) => item.suite === suite.suite) }));
}

/** The same without suites about parts of the whole, which only those look at who make them faster. */
export function wholeSuitesOf(lines: readonly Line[]): ReturnType<typeof suitesOf> {
  return suitesOf(lines).filter(({ suite }) => suite.suite !== "seal");
}

/** A peer's run has notes of its own; those on the other columns stay true. */
function joined(old: Line, line: Line): Line {
  if (old.type !== "suite" || line.type !== "suite") return line;
  return { ...line, notes: [...new Set([...old.notes, ...line.notes])] };
}

function nameOf(line: Line): string {
  if (line.type === "machine") return "machine";
  if (line.type === "suite") return `suite ${line.suite}`;
  return JSON.stringify([line.suite, line.row, line.column]);
}

function placeOf({ cpu, cores, node }: Machine): string {
  return `${cpu}, ${cores} cores, Node ${node}`;
}
