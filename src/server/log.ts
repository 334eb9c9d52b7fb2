/**
 * The log of a running relay: one line per event, `time level event name=value …`. Whatever a
 * stranger's text holds, it can neither begin a line nor pass for another field.
 */

import type { Clock } from "../clock.ts";
import type { Log, LogLevel } from "../log.ts";

export interface LineLogOptions {
  /** The least important level that is written. */
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Takes one line with its line feed. */
  readonly write: (line: string) => void;
}

const IMPORTANCE: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** What a value may hold to stand without quotes: no space, quote, equals sign or backslash. */
const BARE = /^[A-Za-z0-9_.:/@+%,[\]-]+$/;

/** Everything that a terminal does not show as itself: controls, bidi marks, lone surrogates. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

export function lineLog({ level: least, clock, write }: LineLogOptions): Log {
  return (level, event, fields = {}) => {
    if (IMPORTANCE[level] < IMPORTANCE[least]) return;
    const words = [new Date(clock.now() * 1000).toISOString(), level, event];
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) words.push(`${name}=${quote(String(value))}`);
    }
    write(`${words.join(" ")}\n`);
  };
}

/** The text with everything escaped that could move a cursor, break a line or reorder letters. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

function quote(value: string): string {
  return BARE.test(value) ? value : printable(JSON.stringify(value));
}
