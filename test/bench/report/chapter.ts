/** Results as README.md shows them: one table a suite, with the command that measures it anew. */

import type { Figure } from "../figures.ts";
import { type Line, machineOf, wholeSuitesOf } from "./results.ts";
import { headlines, machineLines } from "./table.ts";

export function chapter(lines: readonly Line[]): string {
  const machine = machineOf(lines);
  return [
    ...(machine ? [machineLines(machine).join(" "), ""] : []),
    ...wholeSuitesOf(lines).flatMap(({ suite, figures }) => [
      `**${suite.title}**: \`npm run bench -- --suite ${suite.suite}\``,
      "",
      headlines(oursFirst(figures)),
      "",
    ]),
  ].join("\n");
}

const [BEGIN, END] = ["<!-- figures: npm run bench -- --readme -->", "<!-- end of figures -->"];

/** The text with its figures replaced. Throws a RangeError if it has no place for them. */
export function withChapter(text: string, figures: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new RangeError(`there is no ${BEGIN} … ${END}`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${figures.trim()}\n\n${text.slice(end)}`;
}

function oursFirst(figures: readonly Figure[]): readonly Figure[] {
  const rank = ({ column }: Figure): number => (column.startsWith("npubwire") ? 0 : 1);
  return [...figures].sort((a, b) => rank(a) - rank(b));
}
