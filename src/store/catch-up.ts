/**
 * When the full-text index catches up with what was stored: in slices, while nothing is written. If
 * there is no such while, a slice with every batch keeps what waits within bounds.
 */

import type { SearchIndex } from "./search-index.ts";

/** Events of one slice: some milliseconds. */
const SLICE = 128;
/** A search looks at all that waits, so there must not be more. */
const MAX_WAITING = 8_192;
/** How long nothing was written, in milliseconds, before the first slice; and from one to the next. */
const QUIET = 20;
const NEXT = 1;

type Index = Pick<SearchIndex, "waiting" | "catchUp">;

export class CatchUp {
  readonly #index: Index;
  #timer: NodeJS.Timeout | undefined;
  /** Whether nothing was written since the timer was set. */
  #isQuiet = true;

  constructor(index: Index) {
    this.#index = index;
    this.#schedule(NEXT);
  }

  /** To be called after each batch, with its size. */
  wrote(events: number): void {
    this.#isQuiet = false;
    if (this.#index.waiting > MAX_WAITING) this.#try(Math.max(SLICE, events));
    this.#schedule(QUIET);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delay: number): void {
    if (this.#timer || this.#index.waiting === 0) return;
    this.#timer = setTimeout(() => this.#run(), delay).unref();
  }

  #run(): void {
    this.#timer = undefined;
    const hasDone = this.#isQuiet && this.#try(SLICE);
    this.#isQuiet = true;
    this.#schedule(hasDone ? NEXT : QUIET);
  }

  /** Another process may be writing for long: then later. */
  #try(most: number): boolean {
    try {
      this.#index.catchUp(most);
      return true;
    } catch {
      return false;
    }
  }
}
