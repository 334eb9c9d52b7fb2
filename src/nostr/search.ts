/**
 * Search (NIP-50): which events a query finds, and how well they fit. Pure, so that stored and live
 * events, and all stores, agree; a store's index only has to offer candidates.
 */

import type { NostrEvent } from "./event.ts";
import { isRecord, malformed, type Parsed, parsed } from "./parsed.ts";
import { type Word, wordsOf } from "./words.ts";

/** What must all be found. No term at all is found nowhere. */
export interface Search {
  readonly terms: readonly Term[];
}

/** Words that stand together in this order; where `open`, the last may be the start of a longer one. */
export interface Term {
  readonly words: readonly string[];
  readonly open: boolean;
}

/** How many matches of a query are ranked: the newest. */
export const MAX_RANKED = 1_000;

/** In UTF-16 units. */
const MAX_QUERY = 256;
/** Different words that are looked for; the rest of a longer query is left out. */
const MAX_TERMS = 16;
/** Of one event, that much is searched; in UTF-16 units. */
const MAX_TEXT = 16_384;
/**
 * From so many letters on, a word also finds those that begin with it. A Korean syllable is two or
 * three of them, and what stands behind 서울 in 서울에서 is grammar.
 */
const MIN_OPEN = 3;

/** `key:value` is an extension (NIP-50), but a URL is not; none of the extensions is supported. */
const EXTENSION = /(?<!\S)\w+:(?!\/\/)\S+/g;

/** Texts that people read: profiles, notes, chat, articles, offers, titles of media and lists. */
const SEARCHABLE: ReadonlySet<number> = new Set([
  ...[0, 1, 9, 11, 20, 21, 22, 40, 41, 42, 1063, 1068, 1111, 1222, 1244, 1311, 1337, 1617, 1618],
  ...[1621, 1622, 1630, 1985, 2003, 2004, 9041, 9802, 30_017, 30_018, 30_023, 30_311, 30_315],
  ...[30_402, 30_617, 30_818, 31_922, 31_923, 31_924, 31_989, 31_990, 32_267, 34_235, 34_236],
  ...[34_550, 39_000, 39_089],
]);

/** Kinds whose content is JSON for programs; people read some of its members. */
const JSON_KINDS: ReadonlySet<number> = new Set([0, 40, 41, 30_017, 30_018, 31_990]);
const MEMBERS = ["name", "display_name", "nip05", "about", "description"];
const TEXT_TAGS: ReadonlySet<string> = new Set([
  ...["title", "subject", "name", "summary", "description", "alt"],
]);

/** `undefined` for a query of nothing but spaces and extensions, which asks for no words. */
export function parseSearch(query: string): Parsed<Search | undefined> {
  if (query.length > MAX_QUERY) {
    return malformed(`invalid: search may have at most ${MAX_QUERY} characters`);
  }
  const text = query.replace(EXTENSION, " ");
  return parsed(text.trim() === "" ? undefined : { terms: termsOf(wordsOf(text)) });
}

export function isSearchable(kind: number): boolean {
  return SEARCHABLE.has(kind);
}

/** Everything in the event that is searched; none of it in kinds that are not for reading. */
export function searchWords(event: NostrEvent): readonly Word[] {
  return isSearchable(event.kind) ? wordsOf(textOf(event).slice(0, MAX_TEXT)) : [];
}

/** For those who meet the same event again. */
function knownWords(event: NostrEvent): readonly Word[] {
  const known = KNOWN.get(event) ?? searchWords(event);
  KNOWN.set(event, known);
  return known;
}

export function matchSearch(search: Search, event: NostrEvent): boolean {
  if (search.terms.length === 0) return false;
  const words = knownWords(event);
  return search.terms.every((term) => words.some((_, at) => fitAt(term, words, at) > 0));
}

/** Best first, from newest first: among equals the newest stays ahead. */
export function rank<T extends { readonly score: number }>(matches: readonly T[]): readonly T[] {
  return [...matches].sort((a, b) => b.score - a.score);
}

/** An event's words are asked for by every search that meets it; it never changes. */
const KNOWN = new WeakMap<NostrEvent, readonly Word[]>();

function termsOf(words: readonly Word[]): readonly Term[] {
  const runs = new Map<number, Word[]>();
  for (const word of words) {
    const run = runs.get(word.run);
    if (run) run.push(word);
    else runs.set(word.run, [word]);
  }
  const terms = new Map(
    [...runs.values()].map((run) => [run.map(({ text }) => text).join(" "), run]),
  );
  return [...terms.values()].slice(0, MAX_TERMS).map(termOf);
}

/** A run of pairs ends in a single character, which only a query of one character needs. */
function termOf(run: readonly Word[]): Term {
  const texts = run.map(({ text }) => text);
  const [first] = run;
  if (first?.kind === "part") {
    return run.length === 1
      ? { words: texts, open: true }
      : { words: texts.slice(0, -1), open: false };
  }
  const isOpen = first?.kind === "word" && first.text.normalize("NFD").length >= MIN_OPEN;
  return { words: texts, open: isOpen };
}

function textOf(event: NostrEvent): string {
  const titles = event.tags.filter(([name]) => name !== undefined && TEXT_TAGS.has(name));
  const texts = titles.map(([, value = ""]) => value);
  return [...texts, JSON_KINDS.has(event.kind) ? readable(event.content) : event.content].join(
    "\n",
  );
}

function readable(content: string): string {
  try {
    const value: unknown = JSON.parse(content);
    if (!isRecord(value)) return "";
    const texts = MEMBERS.map((member) => value[member]);
    return texts.filter((text) => typeof text === "string").join("\n");
  } catch {
    return "";
  }
}

/**
 * How well an event fits that matches. BM25 without the rarity of words, since every term must be
 * there: often counts for more, in a long text for less. Words that stand beside each other as in
 * the query count on top.
 */
export function scoreOf({ terms }: Search, event: NostrEvent): number {
  const words = knownWords(event);
  const damping = 1.2 * (0.25 + (0.75 * words.length) / TYPICAL_LENGTH);
  let score = 0;
  for (const [n, term] of terms.entries()) {
    const next = terms[n + 1];
    let frequency = 0;
    for (const at of words.keys()) {
      const fit = fitAt(term, words, at);
      frequency += fit;
      if (fit > 0 && next && fitAt(next, words, at + term.words.length) > 0) frequency += 1;
    }
    score += (frequency * 2.2) / (frequency + damping);
  }
  return score;
}

/** Words in an ordinary note. */
const TYPICAL_LENGTH = 30;

/** 1 where the term stands there, less where it only begins a longer word, 0 where it is not. */
function fitAt({ words, open }: Term, text: readonly Word[], at: number): number {
  const last = words.length - 1;
  for (const [n, word] of words.entries()) {
    const found = text[at + n]?.text;
    if (found === word) continue;
    return open && n === last && found?.startsWith(word) ? 0.5 : 0;
  }
  return 1;
}
