/** The README shows the programs that the tests run, word for word. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const EXAMPLES = new URL("test/e2e/examples/", ROOT);

test("every example stands in the README as it is run", () => {
  const readme = readFileSync(new URL("README.md", ROOT), "utf8");
  const names = readdirSync(EXAMPLES);
  assert.ok(names.length > 0);
  for (const name of names) {
    const code = readFileSync(new URL(name, EXAMPLES), "utf8");
    assert.ok(readme.includes(`\`\`\`ts\n${code}\`\`\`\n`), `${name} differs from the README`);
  }
});
