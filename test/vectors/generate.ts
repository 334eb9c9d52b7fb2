/** `npm run vectors`: writes the vector files again. They change only if SPEC.md does. */

import { writeFileSync } from "node:fs";
import { vectorFiles } from "./files.ts";

for (const [name, text] of vectorFiles()) {
  writeFileSync(new URL(`../../../test/vectors/${name}`, import.meta.url), text);
}
