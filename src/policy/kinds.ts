/** Sets of kinds as operators write them: single kinds and ranges, such as `[1, "30000-39999"]`. */

import type { Filter } from "../nostr/filter.ts";
import { MAX_KIND } from "../nostr/kind.ts";

/** A kind, or a range `"from-to"`, both ends inclusive. */
export type KindRange = number | string;

/** A shorter list is put into filters; what is left out of a longer one is refused event by event. */
const MAX_LISTED = 64;

/** Whether it is a kind from 0 to 65535, or a range of such that is not empty. */
export function isKindRange(value: KindRange): boolean {
  const [from, to] = endsOf(value);
  return Number.isInteger(from) && from >= 0 && from <= to && to <= MAX_KIND;
}

/** The kinds of the first list without those of the second. */
export class Kinds {
  readonly #inside: ReadonlySet<number>;
  readonly #outside: ReadonlySet<number>;

  constructor(listed: readonly KindRange[], except: readonly KindRange[]) {
    const excepted = new Set(except.flatMap(expand));
    this.#inside = new Set(listed.flatMap(expand).filter((kind) => !excepted.has(kind)));
    const all = expand(`0-${MAX_KIND}`);
    this.#outside = new Set(all.filter((kind) => !this.#inside.has(kind)));
  }

  /** Whether no kind is missing. */
  get isComplete(): boolean {
    return this.#outside.size === 0;
  }

  get list(): readonly number[] {
    return [...this.#inside];
  }

  has(kind: number): boolean {
    return this.#inside.has(kind);
  }

  /** The filter, for these kinds alone. */
  narrow(filter: Filter): Filter {
    if (this.isComplete) return filter;
    if (filter.kinds) {
      return { ...filter, kinds: new Set([...filter.kinds].filter((kind) => this.has(kind))) };
    }
    return this.#inside.size <= MAX_LISTED
      ? { ...filter, kinds: this.#inside }
      : { ...filter, exceptKinds: this.#outside };
  }
}

function expand(range: KindRange): readonly number[] {
  const [from, to] = endsOf(range);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function endsOf(range: KindRange): readonly [number, number] {
  if (typeof range === "number") return [range, range];
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(range) ?? [];
  return [Number(from), Number(to)];
}
