/**
 * The page as HTML. It holds nothing that a browser would fetch from elsewhere, nor script or style
 * of its own; the operator's words are text.
 */

import { renderSVG } from "uqr";
import { encodeNpub } from "../../nostr/key.ts";
import type { Information } from "../../relay/information.ts";
import type { Assets } from "./assets.ts";
import { Html, html } from "./html.ts";
import type { Term } from "./terms.ts";

export interface PageParts {
  readonly information: Information;
  /** `undefined` where no address is configured: then the place where the page was found counts. */
  readonly address: string | undefined;
  readonly terms: readonly Term[];
  readonly assets: Pick<Assets, "script" | "style">;
}

export function pageDocument(parts: PageParts): string {
  const { information, assets } = parts;
  const { name, description } = information;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${description}">
<title>${name}</title>
<link rel="icon" href="${ownIcon(information) ?? "data:,"}">
<link rel="stylesheet" href="?${assets.style}">
<script type="module" src="?${assets.script}"></script>
</head>
<body>
<header>
${ownIcon(information) && html`<img class="icon" src="${ownIcon(information)}" alt="" width="64" height="64">`}
<h1>${name}</h1>
<p class="kicker">An encrypted Nostr relay</p>
${description && html`<p class="description">${description}</p>`}
</header>
<main>
${addressSection(parts)}
${checkSection(parts)}
${connectSection(parts)}
${termsSection(parts)}
</main>
${footer(information)}
</body>
</html>
`.toString();
}

function addressSection({ information, address }: PageParts): Html {
  const npub = encodeNpub(information.self);
  const what = address === undefined ? "npub" : "address";
  return html`<section aria-labelledby="address-title">
<h2 id="address-title">Address</h2>
<div class="card address">
<div class="fields">
${field("npub", "npub", "The relay's key: whoever answers must hold it.", npub)}
${field("address", "Address", "For apps that speak npubwire.", address)}
</div>
<figure>
<div class="qr" role="img" aria-label="QR code">${qrCode(address ?? `nostr:${npub}`)}</div>
<figcaption>QR code of the ${what}</figcaption>
</figure>
</div>
<p id="copied" role="status" class="quiet"></p>
</section>`;
}

/** Without a value it waits for the script, which knows where the page was found. */
function field(id: string, label: string, hint: string, value: string | undefined): Html {
  return html`<div class="field" id="${id}-field" role="group" aria-labelledby="${id}-label"${value === undefined && html` hidden`}>
<p class="label"><span id="${id}-label">${label}</span> <span class="quiet">${hint}</span></p>
<div class="value"><code id="${id}">${value}</code><button type="button" class="copy" data-copies="${id}" id="copy-${id}" aria-labelledby="copy-${id} ${id}-label" hidden>Copy</button></div>
</div>`;
}

function checkSection({ information }: PageParts): Html {
  return html`<section aria-labelledby="check-title">
<h2 id="check-title">Live check</h2>
<div class="card">
<p>Your browser dials this relay over the encrypted channel, and the relay proves its key. Nothing but the first
message of the handshake is sent before it has.</p>
<p id="unproven" class="caution">If this page came over plain http, the page itself is not proved: whoever sits on
the way could have changed it, with its npub and this check. Paste an npub from a source that you trust, and rely
on a client that you already have: it proves the relay's key each time it connects.</p>
<p id="needs-script" class="caution">The check needs JavaScript. The address above does not.</p>
<form id="check" hidden>
<label for="key">npub to check</label>
<div class="row">
<input id="key" name="key" value="${encodeNpub(information.self)}" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="key-hint">
<button type="submit">Check</button>
</div>
<p id="key-hint" class="quiet">The one that this page shows, or one that you got elsewhere. An address or nprofile will do.</p>
</form>
<div id="result" role="status"></div>
<dl id="figures" class="figures" hidden></dl>
</div>
<section id="notes" aria-labelledby="notes-title" hidden>
<h3 id="notes-title">Last notes, as a stranger sees them</h3>
<p id="notes-empty" class="quiet"></p>
<ol></ol>
</section>
</section>`;
}

function connectSection({ address, information }: PageParts): Html {
  const shown = html`<code data-address>${address ?? `nostr+ws://${encodeNpub(information.self)}@…`}</code>`;
  return html`<section aria-labelledby="connect-title">
<h2 id="connect-title">Connect</h2>
<div class="card">
<h3>With an app that speaks npubwire</h3>
<p>Paste the address where the app asks for a relay: ${shown}</p>
<h3>With any other Nostr app</h3>
<p>Run the gateway on your own machine. It prints a <code>ws://127.0.0.1…</code> URL for your app, and encrypts what
the app sends there:</p>
<pre><code>npubwire gateway add <span data-address>${address ?? "ADDRESS"}</span></code></pre>
<h3>In a terminal</h3>
<pre><code>npubwire req --relay <span data-address>${address ?? "ADDRESS"}</span> --kind 1 --limit 10</code></pre>
</div>
</section>`;
}

function termsSection({ terms, information }: PageParts): Html {
  return html`<section aria-labelledby="terms-title">
<h2 id="terms-title">What is allowed</h2>
<dl class="card terms">
${terms.map(({ what, answer }) => html`<div><dt>${what}</dt><dd>${answer}</dd></div>\n`)}
<div><dt>NIPs</dt><dd>${information.supported_nips.join(", ")}</dd></div>
</dl>
</section>`;
}

function footer({ contact, terms_of_service, icon, pubkey, software, version }: Information): Html {
  const items = [
    contact && html`Contact: ${link(contact)}`,
    pubkey && html`Operator: <code>${encodeNpub(pubkey)}</code>`,
    terms_of_service && html`Terms of service: ${link(terms_of_service)}`,
    icon && !isOwn(icon) && html`Icon: ${link(icon)}`,
    html`npubwire ${version}${software && html` · ${link(software)}`}`,
  ].filter((item) => item instanceof Html);
  return html`<footer><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></footer>`;
}

/** Schemes that cannot run anything; all else is shown as text. */
function link(uri: string): Html {
  if (!/^(https?:\/\/|mailto:)/i.test(uri)) return html`${uri}`;
  return html`<a href="${uri}" rel="noreferrer noopener">${uri}</a>`;
}

/** A picture from elsewhere would tell its host who visits; one that the operator put here does not. */
function ownIcon({ icon }: Information): string | undefined {
  return icon !== undefined && isOwn(icon) ? icon : undefined;
}

function isOwn(icon: string): boolean {
  return /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(icon);
}

function qrCode(text: string): Html {
  return Html.trusted(renderSVG(text, { border: 2, ecc: "M" }));
}
