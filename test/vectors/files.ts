/** The vector files as texts: ASCII, and one scenario a line where there are hundreds. */

import { framesFile } from "./frames.ts";
import { handshakeFile } from "./handshake.ts";
import { mustFailFile } from "./must-fail.ts";

/** From file name to text. */
export function vectorFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["handshake.json", format(handshakeFile())],
    ["frames.json", format(framesFile())],
    ["must-fail.json", format(mustFailFile())],
  ]);
}

function format(file: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(file).map(([key, value]) => {
    const text =
      Array.isArray(value) && key === "scenarios"
        ? `[\n    ${value.map((item) => JSON.stringify(item)).join(",\n    ")}\n  ]`
        : JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
    return `  ${JSON.stringify(key)}: ${text}`;
  });
  return `{\n${ascii(members.join(",\n"))}\n}\n`;
}

function ascii(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
