/** What the page loads besides itself: its script and its style, made by the build and read once. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** Something that is served as it is, with what caches and browsers must know. */
export interface Served {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  /** In quotes; weak, since both encodings have it (RFC 9110, section 8.8.3). */
  readonly etag: string;
}

export interface Assets {
  /** Queries under which they are served: they name their content, and never change. */
  readonly script: string;
  readonly style: string;
  /** By query. */
  readonly files: ReadonlyMap<string, Served>;
}

/** `undefined` where the build has not made them: `tsc` alone does not. */
export function readAssets(): Assets | undefined {
  const script = readBundle("page.js", "text/javascript");
  const style = readBundle("page.css", "text/css");
  if (!script || !style) return undefined;
  const [scriptQuery, styleQuery] = [`page-${tag(script)}.js`, `page-${tag(style)}.css`];
  const files = new Map([
    [scriptQuery, script],
    [styleQuery, style],
  ]);
  return { script: scriptQuery, style: styleQuery, files };
}

export function served(type: string, body: Buffer): Served {
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return { type, body, gzipped: gzipSync(body, { level: 9 }), etag: `"${hash}"` };
}

/** `dist/`: this file is `dist/src/server/page/assets.js` when it runs. */
const DIST = new URL("../../../", import.meta.url);

function readBundle(name: string, type: string): Served | undefined {
  try {
    return served(type, readFileSync(new URL(name, DIST)));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function tag({ etag }: Served): string {
  return etag.slice(1, -1);
}
