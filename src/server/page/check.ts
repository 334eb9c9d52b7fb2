/**
 * The page's script: copies, and the live check. It runs in the browser, bundled with the client
 * (`build/bundle.ts`). What a relay or an author wrote is only ever put in as text.
 */

import { secureWebSocket } from "../../browser.ts";
import { systemClock } from "../../clock.ts";
import { nobleCrypto } from "../../crypto/noble.ts";
import { addressOf, parseAddress, parseProfile } from "../../nostr/address.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { encodeNpub, type PublicKey, parsePublicKey } from "../../nostr/key.ts";
import type { Parsed } from "../../nostr/parsed.ts";
import { copyTextOf, document, element, location, withText } from "./dom.ts";
import { type Finding, probe } from "./probe.ts";

const parts = {
  WebSocket: secureWebSocket(),
  crypto: nobleCrypto,
  clock: systemClock,
  milliseconds: (): number => performance.now(),
};

/** The key that the page shows. */
const shown = (element("npub").textContent ?? "").trim();

prepareCopying();
showAddressHere();
explainThePage();
prepareCheck();

function prepareCopying(): void {
  for (const button of document.querySelectorAll("button.copy")) {
    const source = element(button.dataset["copies"] ?? "");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const isCopied = await copyTextOf(source);
      element("copied").textContent = isCopied
        ? "Copied."
        : "Your browser does not let pages copy. It is selected: copy it with your keyboard or menu.";
      button.textContent = isCopied ? "Copied" : "Selected";
    });
  }
}

/** A relay that was given no address goes by the one under which the page was found. */
function showAddressHere(): void {
  const field = element("address-field");
  const key = parsePublicKey(shown);
  const here = key.ok && field.hidden ? addressHere(key.value) : undefined;
  if (here === undefined) return;
  field.hidden = false;
  const address = element("address");
  for (const place of [address, ...document.querySelectorAll("[data-address]")]) {
    place.textContent = here;
  }
}

function explainThePage(): void {
  const unproven = element("unproven");
  if (location.protocol === "https:") {
    unproven.className = "quiet";
    unproven.textContent = `This page came over TLS: a certificate for ${location.hostname} vouches for it, and whoever can get one could change it. The relay's key does not depend on certificates: paste an npub from a source that you trust.`;
  } else {
    unproven.textContent =
      "This page came over plain http, so the page itself is not proved: whoever sits on the way could have changed it, with its npub and this check. Paste an npub from a source that you trust, and rely on a client that you already have: it proves the relay's key each time it connects.";
  }
}

function prepareCheck(): void {
  const form = element("check");
  const button = document.querySelector("#check button");
  let isBusy = false;
  const run = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    if (button) button.disabled = true;
    await check().catch((error: unknown) => {
      say("bad", `The check failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (button) button.disabled = false;
    isBusy = false;
  };
  element("needs-script").hidden = true;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  void run();
}

async function check(): Promise<void> {
  clear();
  const input = element("key");
  const key = readKey(input.value);
  if (!key.ok) {
    if (/nsec1/i.test(input.value)) input.value = "";
    return say("bad", `This cannot be checked: ${key.reason}.`);
  }
  const address = addressHere(key.value);
  if (address === undefined) return say("bad", "This page's URL is none that a relay can have.");
  const npub = encodeNpub(key.value);
  say("busy", `Dialling ${address} …`);
  const finding = await probe(address, parts);
  if (!finding.isProved) return say("bad", await whyNot(npub, finding));
  say("good", `Yes. The relay here holds the key of ${npub}, and proved it to your browser.`);
  showFigures(finding);
  showNotes(finding);
}

/** Browsers hide why a connection failed; whether another key answers here says most of it. */
async function whyNot(npub: string, { reason }: Finding): Promise<string> {
  const key = parsePublicKey(shown);
  const here = key.ok && npub !== shown ? addressHere(key.value) : undefined;
  const other = here === undefined ? undefined : await probe(here, parts);
  return other?.isProved
    ? `No: another key. Whoever answers here does not hold the key of ${npub}, but that of ${shown}. Trust this relay only if that is the npub you were given.`
    : `No encrypted channel came about: ${reason ?? "no reason was given"}.`;
}

/** An npub, 64 hex digits, or an address or nprofile, whose key is checked here, not there. */
function readKey(text: string): Parsed<PublicKey> {
  const address = /^\s*nostr\+/i.test(text) ? parseAddress(text) : undefined;
  if (address) return address.ok ? { ok: true, value: address.value.relay } : address;
  const profile = /^\s*nprofile1/i.test(text) ? parseProfile(text) : undefined;
  const [first] = profile?.ok ? profile.value : [];
  return first ? { ok: true, value: first.relay } : parsePublicKey(text.replace(/^\s*nostr:/i, ""));
}

function addressHere(key: PublicKey): string | undefined {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const address = addressOf(`${scheme}://${location.host}${location.pathname}`, key);
  return address.ok ? address.value.canonical : undefined;
}

function clear(): void {
  for (const id of ["figures", "notes"]) element(id).hidden = true;
}

function say(state: "good" | "bad" | "busy", text: string): void {
  const result = element("result");
  result.className = state;
  result.textContent = text;
}

function showFigures({ opened, answered }: Finding): void {
  const figures = element("figures");
  figures.replaceChildren(
    ...figure("Connected and proved", opened, "two round trips, and your browser's arithmetic"),
    ...figure("First answer", answered, "one round trip, with your authentication on board"),
  );
  figures.hidden = false;
}

function figure(what: string, milliseconds: number | undefined, how: string) {
  if (milliseconds === undefined) return [];
  const group = document.createElement("div");
  const value = withText("dd", `${Math.round(milliseconds)} ms`);
  value.append(withText("span", how, "quiet"));
  group.append(withText("dt", what), value);
  return [group];
}

function showNotes({ notes, reason }: Finding): void {
  const list = document.querySelector("#notes ol");
  list?.replaceChildren(...notes.map(noteItem));
  element("notes-empty").textContent =
    reason === undefined
      ? notes.length === 0
        ? "None that strangers may read."
        : "Asked for with a key that nobody has seen before. Pictures and links are left as text."
      : `The relay shows strangers nothing: ${reason}`;
  element("notes").hidden = false;
}

/** Characters of a note that are shown. */
const MAX_SHOWN = 400;

function noteItem({ pubkey, created_at, content }: NostrEvent) {
  const item = document.createElement("li");
  const head = withText("p", `${shortened(encodeNpub(pubkey))} · `, "quiet");
  const date = new Date(created_at * 1_000);
  const time = withText("time", date.toLocaleString());
  time.dateTime = date.toISOString();
  head.append(time);
  const isLong = content.length > MAX_SHOWN;
  const text = isLong ? `${content.slice(0, MAX_SHOWN)}…` : content;
  const words = withText("p", text, "content");
  words.dir = "auto";
  item.append(head, words);
  return item;
}

function shortened(npub: string): string {
  return `${npub.slice(0, 12)}…${npub.slice(-6)}`;
}
