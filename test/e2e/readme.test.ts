/** The README shows the programs that the tests run, word for word. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const FOLDERS = ["test/e2e/examples/", "test/e2e/libraries/"];

test("every example stands in the README as it is run", () => {
  const readme = readFileSync(new URL("README.md", ROOT), "utf8");
  for (const folder of FOLDERS) {
    const names = readdirSync(new URL(folder, ROOT));
    assert.ok(names.length > 0);
    for (const name of names) {
      const code = readFileSync(new URL(folder + name, ROOT), "utf8");
      assert.ok(readme.includes(`\`\`\`ts\n${code}\`\`\`\n`), `${name} differs from the README`);
    }
  }
});
