/** Where results are kept: test/bench/results, and the chapter of README.md. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chapter, withChapter } from "./chapter.ts";
import { plot } from "./plot.ts";
import { formatLines, type Line, machineOf, parseLines, renew } from "./results.ts";
import { tables } from "./table.ts";

// From dist/test/bench/report to the sources.
const FOLDER: string = fileURLToPath(new URL("../../../../test/bench/results/", import.meta.url));
const README: string = fileURLToPath(new URL("../../../../README.md", import.meta.url));

const SUFFIX = ".jsonl";

/** Into NAME.jsonl, beside what it holds of other suites and columns; the table and the plot follow. */
export function saveResults(name: string, lines: readonly Line[]): void {
  const path = `${FOLDER}${name}${SUFFIX}`;
  mkdirSync(FOLDER, { recursive: true });
  const all = existsSync(path) ? renew(read(path), lines) : lines;
  writeFileSync(path, formatLines(all));
  draw(name, all);
}

/** The chapter with the newest results. */
export function newestChapter(): string {
  return chapter(newestResults().lines);
}

/** Puts it into README.md, and draws the table and the plot of these results anew. */
export function writeReadme(): void {
  const { name, lines } = newestResults();
  draw(name, lines);
  writeFileSync(README, withChapter(readFileSync(README, "utf8"), chapter(lines)));
}

function draw(name: string, lines: readonly Line[]): void {
  const picture = `![The same as a picture](${name}.svg)`;
  writeFileSync(`${FOLDER}${name}.md`, `# ${name}\n\n${picture}\n\n${tables(lines)}`);
  writeFileSync(`${FOLDER}${name}.svg`, plot(lines));
}

/** Those of the latest run. Throws a RangeError if there are none. */
function newestResults(): { readonly name: string; readonly lines: readonly Line[] } {
  const all = readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => ({ name: file.slice(0, -SUFFIX.length), lines: read(`${FOLDER}${file}`) }));
  const date = (lines: readonly Line[]): string => machineOf(lines)?.date ?? "";
  const [newest] = all.sort((a, b) => (date(a.lines) < date(b.lines) ? 1 : -1));
  if (!newest) throw new RangeError("no results yet: measure with --results NAME first");
  return newest;
}

function read(path: string): readonly Line[] {
  return parseLines(readFileSync(path, "utf8"));
}
