/**
 * Where a text stops being JSON (RFC 8259). JSON.parse knows, but its messages differ between
 * engines and do not always say.
 */

export interface JsonError {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What could have stood there. */
  readonly expected: string;
}

type Expectation = "value" | "first item" | "name" | "first name" | "colon" | "comma" | "end";

const WORDS: Readonly<Record<Expectation, string>> = {
  value: "a value",
  "first item": 'a value or "]"',
  name: "a name in double quotes",
  "first name": 'a name in double quotes or "}"',
  colon: '":"',
  comma: '"," or the closing bracket',
  end: "the end of the file",
};

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** The first place at which the text cannot be JSON any more; `undefined` if it is JSON. */
export function findJsonError(text: string): JsonError | undefined {
  const open: ("{" | "[")[] = [];
  let expectation: Expectation = "value";
  for (let at = 0; ; ) {
    at += lengthAt(SPACE, text, at);
    if (at === text.length && expectation === "end") return undefined;
    const character = text.charAt(at);
    const length = tokenLength(text, at, expectation, open.at(-1));
    if (length === 0) return { ...position(text, at), expected: WORDS[expectation] };
    if (character === "{" || character === "[") open.push(character);
    else if (character === "}" || character === "]") open.pop();
    expectation = next(expectation, character, open.at(-1));
    at += length;
  }
}

/** The length of the token at `at`, or 0 if what stands there may not stand there. */
function tokenLength(
  text: string,
  at: number,
  expectation: Expectation,
  inside: "{" | "[" | undefined,
): number {
  const character = text.charAt(at);
  switch (expectation) {
    case "first item":
      if (character === "]") return 1;
      return valueLength(text, at);
    case "value":
      return valueLength(text, at);
    case "first name":
      if (character === "}") return 1;
      return lengthAt(STRING, text, at);
    case "name":
      return lengthAt(STRING, text, at);
    case "colon":
      return character === ":" ? 1 : 0;
    case "comma":
      return character === "," || character === (inside === "{" ? "}" : "]") ? 1 : 0;
    case "end":
      return 0;
  }
}

function next(was: Expectation, token: string, inside: "{" | "[" | undefined): Expectation {
  if (token === "{") return "first name";
  if (token === "[") return "first item";
  if (was === "name" || was === "first name") {
    if (token !== "}") return "colon";
  }
  if (token === ":") return "value";
  if (token === ",") return inside === "{" ? "name" : "value";
  return inside === undefined ? "end" : "comma";
}

function valueLength(text: string, at: number): number {
  const character = text.charAt(at);
  if (character === "{" || character === "[") return 1;
  return lengthAt(STRING, text, at) || lengthAt(SCALAR, text, at);
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function position(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}
