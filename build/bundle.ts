/**
 * What runs in browsers, each as one file: the last step of `npm run build`. Tests build it, too, so
 * that they need no other step before them.
 */

import { randomBytes } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

/** The repository: this file is `dist/build/bundle.js` when it runs. */
const ROOT = new URL("../../", import.meta.url);

/** What is shipped, in `dist/`, and what it is made of. */
const BUNDLES = {
  "browser.js": "dist/src/browser.js",
  "page.js": "dist/src/server/page/check.js",
  "page.css": "src/server/page/style.css",
} as const;

export type BundleName = keyof typeof BUNDLES;

/** Minified; an import of anything from Node fails here. */
export async function bundle(name: BundleName): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(BUNDLES[name], ROOT))],
    // First, so that noble's parts, which resemble each other, are near each other for gzip.
    inject: name.endsWith(".js") ? [fileURLToPath(new URL("dist/src/crypto/noble.js", ROOT))] : [],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    write: false,
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${name}`);
  // Once more: in one file, it sees what it could not see in many.
  const loader = name.endsWith(".css") ? "css" : "js";
  const { code } = await transform(file.text, { minify: true, target: "es2022", loader });
  return Buffer.from(code);
}

/** Writes all of them; whoever reads one meanwhile gets the old or the new one, never a part. */
export async function writeBundles(): Promise<void> {
  await Promise.all(
    Object.keys(BUNDLES).map(async (name) => {
      const file = fileURLToPath(new URL(`dist/${name}`, ROOT));
      const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(draft, await bundle(name as BundleName));
      await rename(draft, file);
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeBundles();
