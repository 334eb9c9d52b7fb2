/**
 * What is wrong with a configuration, in sentences: the path of the setting, what was expected,
 * what was found. A secret that stands in the wrong place is not repeated.
 */

import type { z } from "zod";
import { isRecord } from "../../nostr/parsed.ts";
import { asksFor } from "../../policy/access.ts";
import type { RelayConfig } from "../config.ts";

type Path = readonly PropertyKey[];

/** One sentence per problem. `known` holds every setting there is, with any value. */
export function describeProblems(
  error: z.ZodError,
  settings: unknown,
  known: object,
): readonly string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const names = Object.keys(Object(valueAt(known, issue.path)));
      return issue.keys.map((key) => describeUnknown([...issue.path, key], names));
    }
    const found = describeValue(valueAt(settings, issue.path));
    return [`${pathText(issue.path)}: expected ${issue.message}, got ${found}`];
  });
}

/** Settings that are right each by itself but not together. */
export function describeConflicts(config: RelayConfig): string[] {
  const { access, information, membership, plaintext } = config;
  const conflicts: string[] = [];
  if (asksFor("members", access) && !membership.enabled) {
    conflicts.push(
      'membership.enabled: expected true, since "members" are allowed something, got false',
    );
  }
  if (asksFor("webOfTrust", access) && access.webOfTrust.roots.length === 0) {
    conflicts.push(
      'access.webOfTrust.roots: expected an npub at least, since "webOfTrust" is allowed something',
    );
  }
  if (information.hidden && plaintext === "allow") {
    conflicts.push('information.hidden: expected false where plaintext is "allow", got true');
  }
  return conflicts;
}

/** The name among `known` that is nearest to a mistyped one, if any is near enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const candidates = known
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.edits - b.edits);
  return candidates[0]?.candidate;
}

function describeUnknown(path: Path, names: readonly string[]): string {
  const name = nearest(String(path.at(-1)), names);
  const advice =
    name === undefined
      ? `known here: ${names.join(", ")}`
      : `did you mean ${pathText([...path.slice(0, -1), name])}?`;
  return `${pathText(path)}: unknown setting; ${advice}`;
}

function pathText(path: Path): string {
  if (path.length === 0) return "the file";
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${quoteUnlessName(String(step))}`))
    .join("")
    .replace(/^\./, "");
}

function quoteUnlessName(name: string): string {
  return /^[$A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : shorten(JSON.stringify(name));
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isRecord(value)) return "an object";
  if (typeof value !== "string") return String(value);
  if (/nsec1/i.test(value) || /^[0-9a-f]{64}$/i.test(value.trim())) {
    return "what may be a secret key; it belongs in the key file";
  }
  if (/ncryptsec1|[?&]secret=/i.test(value) || /^[0-9a-f]{32}$/i.test(value.trim())) {
    return "what may be a secret";
  }
  return shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 76)}…"`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => Object(value)[step], root);
}

/** Levenshtein's distance, letter case aside. */
function editDistance(a: string, b: string): number {
  const target = [...b.toLowerCase()];
  let row = target.map((_, index) => index + 1);
  [...a.toLowerCase()].forEach((letter, deleted) => {
    let diagonal = deleted;
    let left = deleted + 1;
    row = row.map((above, index) => {
      left = Math.min(left + 1, above + 1, diagonal + (letter === target[index] ? 0 : 1));
      diagonal = above;
      return left;
    });
  });
  return row.at(-1) ?? a.length;
}
