/**
 * The outcome of parsing what a stranger sent: a value that is known to be right, or the reason
 * why it is not. Parsers never throw.
 */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function malformed(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** A JSON object, as opposed to an array, a scalar or null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// With the `u` flag a surrogate that belongs to a pair is not a code point of its own.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether the text has a UTF-8 form. JSON's `\uD800` escapes can smuggle in text that has none. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
