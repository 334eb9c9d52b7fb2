/** The options by which `req` says what it wants: flags for one filter, and filters as JSON. */

import { type Command, InvalidArgumentError } from "commander";
import { isTagLetter } from "../nostr/event.ts";
import { isHex32, parsePublicKey } from "../nostr/key.ts";
import { isRecord } from "../nostr/parsed.ts";
import { findJsonError } from "../server/config/json-error.ts";
import { parseKind } from "./publish.ts";

/** A filter as it is sent (NIP-01). */
export type FilterJson = Readonly<Record<string, unknown>>;

export interface FilterFlags {
  readonly id?: readonly string[];
  readonly author?: readonly string[];
  readonly kind?: readonly number[];
  /** Filter key, such as `#t`, and wanted values. */
  readonly tag?: Readonly<Record<string, readonly string[]>>;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
}

export function addFilterOptions(command: Command): Command {
  return command
    .argument("[filters...]", "filters as JSON objects (NIP-01)", addFilter)
    .option("--id <hex>", "event id (repeatable)", listOf(parseEventId))
    .option("--author <npub>", "author, as npub or hex (repeatable)", listOf(parseAuthor))
    .option("--kind <number>", "kind (repeatable)", listOf(parseKind))
    .option("--tag <letter=value>", "tag, such as t=nostr or p=npub1… (repeatable)", addTag)
    .option("--since <time>", "not older than this unix time, in seconds", parseCount)
    .option("--until <time>", "not newer than this unix time, in seconds", parseCount)
    .option("--limit <number>", "at most so many stored events, the newest", parseCount);
}

/** The filters to send: the given ones, and one from the flags; without either, one for everything. */
export function readFilters(
  given: readonly FilterJson[],
  { id, author, kind, tag, since, until, limit }: FilterFlags,
): readonly FilterJson[] {
  const conditions = { ids: id, authors: author, kinds: kind, ...tag, since, until, limit };
  const set = Object.entries(conditions).filter(([, condition]) => condition !== undefined);
  const isEmpty = set.length === 0;
  return isEmpty && given.length > 0 ? given : [...given, Object.fromEntries(set)];
}

/** Throws commander's error, with the place, when the text is not JSON. */
export function parseJsonArgument(text: string): unknown {
  const error = findJsonError(text);
  if (error === undefined) return JSON.parse(text);
  throw new InvalidArgumentError(`Not JSON: column ${error.column}: expected ${error.expected}.`);
}

export function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number is expected.");
}

function addFilter(text: string, filters: readonly FilterJson[] = []): readonly FilterJson[] {
  const filter = parseJsonArgument(text);
  if (!isRecord(filter)) throw new InvalidArgumentError("A filter is a JSON object.");
  return [...filters, filter];
}

function addTag(text: string, tags: FilterFlags["tag"] = {}): FilterFlags["tag"] {
  const [, letter = "", value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!isTagLetter(letter)) {
    throw new InvalidArgumentError("Expected one letter and a value, such as t=nostr.");
  }
  const key = `#${letter}`;
  return { ...tags, [key]: [...(tags[key] ?? []), tagCondition(letter, value)] };
}

/** Relays want #e and #p as hex; people have npubs. */
function tagCondition(letter: string, value: string): string {
  if (letter === "p") return parseAuthor(value);
  return letter === "e" ? parseEventId(value) : value;
}

function listOf<T>(
  parse: (text: string) => T,
): (text: string, items?: readonly T[]) => readonly T[] {
  return (text, items = []) => [...items, parse(text)];
}

function parseEventId(text: string): string {
  const id = text.toLowerCase();
  if (isHex32(id)) return id;
  throw new InvalidArgumentError("Expected an event id: 64 hex digits.");
}

function parseAuthor(text: string): string {
  const key = parsePublicKey(text);
  if (key.ok) return key.value;
  throw new InvalidArgumentError(key.reason);
}
