/** Where the vector files are, seen from the compiled tests in `dist/test`. */

import { readFileSync } from "node:fs";

/** The text of a file under `test/vectors`, such as `published/bip340.csv`. */
export function readVectors(path: string): string {
  return readFileSync(new URL(`../../test/vectors/${path}`, import.meta.url), "utf8");
}
