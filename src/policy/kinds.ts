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
  /** Whether no kind is missing. */
  readonly isComplete: boolean;
  /** By kind, whether it is one of them. */
  readonly #isInside = new Uint8Array(MAX_KIND + 1);
  /** What makes a filter that names no kinds ask for these alone. */
  #condition: Pick<Filter, "kinds" | "exceptKinds"> | undefined;

  constructor(listed: readonly KindRange[], except: readonly KindRange[]) {
    this.#mark(listed, 1);
    this.#mark(except, 0);
    this.isComplete = !this.#isInside.includes(0);
  }

  get list(): readonly number[] {
    return this.#where(1);
  }

  has(kind: number): boolean {
    return this.#isInside[kind] === 1;
  }

  /** The filter, for these kinds alone. */
  narrow(filter: Filter): Filter {
    if (this.isComplete) return filter;
    if (filter.kinds) {
      return { ...filter, kinds: new Set([...filter.kinds].filter((kind) => this.has(kind))) };
    }
    this.#condition ??= this.#shorter();
    return { ...filter, ...this.#condition };
  }

  #shorter(): Pick<Filter, "kinds" | "exceptKinds"> {
    const { list } = this;
    return list.length <= MAX_LISTED
      ? { kinds: new Set(list) }
      : { exceptKinds: new Set(this.#where(0)) };
  }

  #mark(ranges: readonly KindRange[], value: 0 | 1): void {
    for (const range of ranges) {
      const [from, to] = endsOf(range);
      this.#isInside.fill(value, from, to + 1);
    }
  }

  #where(value: 0 | 1): readonly number[] {
    const kinds: number[] = [];
    this.#isInside.forEach((is, kind) => {
      if (is === value) kinds.push(kind);
    });
    return kinds;
  }
}

function endsOf(range: KindRange): readonly [number, number] {
  if (typeof range === "number") return [range, range];
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(range) ?? [];
  return [Number(from), Number(to)];
}
