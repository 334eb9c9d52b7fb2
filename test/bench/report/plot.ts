/** Results as a picture: horizontal bars, each row on a scale of its own, in SVG without a library. */

import { digits, type Figure } from "../figures.ts";
import { type Line, machineOf, wholeSuitesOf } from "./results.ts";
import { headlineLabel, machineLines } from "./table.ts";

/** Pixels. */
const WIDTH = 900;
const MARGIN = 20;
const LABEL_WIDTH = 380;
const VALUE_WIDTH = 80;
const BAR = 12;
const ROW_GAP = 10;
const LINE = 18;

/** The figure that each row is about; less is better. */
export function plot(lines: readonly Line[]): string {
  const page = new Page();
  page.text(MARGIN, "head", "npubwire: figures of a run; shorter bars are better");
  const machine = machineOf(lines);
  if (machine) for (const line of machineLines(machine)) page.text(MARGIN, "note", line);
  for (const { suite, figures } of wholeSuitesOf(lines)) {
    page.skip(ROW_GAP);
    page.text(MARGIN, "title", `${suite.title} (npm run bench -- --suite ${suite.suite})`);
    for (const note of suite.notes)
      for (const line of wrapped(note)) page.text(MARGIN, "note", line);
    page.skip(ROW_GAP);
    for (const row of rowsOf(figures)) page.row(row);
  }
  return page.toString();
}

class Page {
  readonly #parts: string[] = [];
  #y = MARGIN;

  skip(height: number): void {
    this.#y += height;
  }

  text(x: number, style: string, text: string): void {
    this.#y += LINE;
    this.#parts.push(`<text x="${x}" y="${this.#y}" class="${style}">${escaped(text)}</text>`);
  }

  /** One bar a column, the longest as long as there is room. */
  row(figures: readonly Figure[]): void {
    const [first] = figures;
    if (!first) return;
    this.text(MARGIN, "row", headlineLabel(first));
    const longest = Math.max(...figures.map(({ value }) => value ?? 0));
    const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH - MARGIN;
    for (const { column, value } of figures) {
      if (value === undefined) continue;
      const width = longest > 0 ? Math.max(1, (room * value) / longest) : 1;
      const [x, y, base] = [LABEL_WIDTH, this.#y + 4, this.#y + 4 + BAR - 2];
      this.#parts.push(
        `<text x="${x - 8}" y="${base}" class="column">${escaped(column)}</text>`,
        `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" class="${styleOf(column)}"/>`,
        `<text x="${(x + width + 6).toFixed(1)}" y="${base}" class="value">${digits(value)}</text>`,
      );
      this.#y += BAR + 3;
    }
    this.#y += ROW_GAP;
  }

  toString(): string {
    const height = this.#y + MARGIN;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
      `<style>${STYLE}</style>`,
      `<rect width="100%" height="100%" class="page"/>`,
      ...this.#parts,
      "</svg>",
      "",
    ].join("\n");
  }
}

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #222; }
.page { fill: #fff; }
.head { font-size: 18px; font-weight: 600; }
.title { font-size: 14px; font-weight: 600; }
.note { font-size: 11px; fill: #666; }
.column { text-anchor: end; fill: #555; }
.encrypted { fill: #6b3fa0; }
.plain { fill: #b79bd6; }
.other { fill: #9aa5ad; }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd; }
  .page { fill: #16181b; }
  .note, .column { fill: #999; }
  .encrypted { fill: #a87be0; }
  .plain { fill: #5d4480; }
  .other { fill: #5b646b; }
}
`;

function styleOf(column: string): string {
  if (column.startsWith("npubwire plain")) return "plain";
  return column.startsWith("npubwire") ? "encrypted" : "other";
}

function rowsOf(figures: readonly Figure[]): readonly (readonly Figure[])[] {
  const rows = new Map<string, Figure[]>();
  for (const figure of figures) {
    rows.set(figure.row, [...(rows.get(figure.row) ?? []), figure]);
  }
  return [...rows.values()];
}

const LINE_CHARACTERS = 140;

/** Lines that fit the page. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length >= LINE_CHARACTERS) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
