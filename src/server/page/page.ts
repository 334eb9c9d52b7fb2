/**
 * The page that people find at the relay's own URL. Rendered when what it says has changed, never for
 * a request; what a request costs is a comparison and a copy.
 */

import type { IncomingMessage } from "node:http";
import type { Log } from "../../log.ts";
import type { Rulings } from "../../moderation.ts";
import { amend } from "../../policy/moderation.ts";
import type { Information } from "../../relay/information.ts";
import type { RelayConfig } from "../config.ts";
import type { Places } from "../places.ts";
import { readAssets, type Served, served } from "./assets.ts";
import { pageDocument } from "./document.ts";
import { terms } from "./terms.ts";

/** An answer to a GET or HEAD. */
export interface PageAnswer {
  readonly status: 200 | 304;
  readonly type: string | undefined;
  readonly body: Buffer | "";
  readonly headers: Readonly<Record<string, string>>;
}

export type PageRequest = Pick<IncomingMessage, "url" | "headers">;

export interface Page {
  /** `undefined` for whoever does not ask for a page, or for a part that it does not have. */
  answer(request: PageRequest): PageAnswer | undefined;
}

export interface PageSource {
  readonly config: RelayConfig;
  readonly log: Log;
  readonly rulings: Rulings;
  readonly places: Pick<Places, "address">;
  /** The NIP-11 document as it stands. */
  document(): Information;
}

/** `undefined`, and a warning, where the build has not made what the page loads. */
export function openPage(source: PageSource): Page | undefined {
  const assets = readAssets();
  if (!assets) {
    source.log("warn", "no page at the relay's URL: npm run build makes what it loads");
    return undefined;
  }
  const { config, rulings, places } = source;
  let rendered: { readonly information: Information; readonly page: Served } | undefined;
  const current = (): Served => {
    const information = source.document();
    if (rendered?.information !== information) {
      const page = pageDocument({
        information,
        address: config.addresses.length > 0 ? places.address : undefined,
        terms: terms({ ...config, access: amend(config.access, rulings) }),
        assets,
      });
      rendered = { information, page: served("text/html", Buffer.from(page)) };
    }
    return rendered.page;
  };
  return {
    answer(request) {
      const [, query] = (request.url ?? "").split("?");
      const asset = query === undefined ? undefined : assets.files.get(query);
      if (asset) return answer(request, asset, ASSET_HEADERS);
      return asksForPage(request) ? answer(request, current(), PAGE_HEADERS) : undefined;
    },
  };
}

const ASSET_HEADERS = { "Cache-Control": "public, max-age=31536000, immutable" };

const PAGE_HEADERS = {
  "Cache-Control": "no-cache",
  // Nothing from elsewhere, nothing inline, no frame around it, and no text that becomes markup.
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "Referrer-Policy": "no-referrer",
};

function answer(
  { headers: asked }: PageRequest,
  { type, body, gzipped, etag }: Served,
  headers: Readonly<Record<string, string>>,
): PageAnswer {
  const common = { ...headers, ETag: `W/${etag}`, Vary: "Accept, Accept-Encoding" };
  const known = asked["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known?.includes(etag)) return { status: 304, type: undefined, body: "", headers: common };
  if (!/\bgzip\b/i.test(String(asked["accept-encoding"] ?? ""))) {
    return { status: 200, type, body, headers: common };
  }
  return { status: 200, type, body: gzipped, headers: { ...common, "Content-Encoding": "gzip" } };
}

/** Browsers name the type; programs that take anything get the short answer. */
function asksForPage({ headers }: PageRequest): boolean {
  return /\btext\/html\b/i.test(headers.accept ?? "");
}
