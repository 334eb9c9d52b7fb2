/**
 * When the full-text index catches up with what was stored: in slices, while nothing is written. If
 * there is no such while, a slice with every batch keeps what waits within bounds.
 */

import type { SearchIndex } from "./search-index.ts";

/** Events of one slice: some milliseconds. */
const SLICE = 128;
/** A search looks at all that waits, so there must not be more. */
const MAX_WAITING = 8_192;
/** How long nothing was written, in milliseconds, before a slice. */
const QUIET = 20;

export class CatchUp {
  readonly #index: SearchIndex;
  #timer: NodeJS.Timeout | undefined;
  #isQuiet = true;

  constructor(index: SearchIndex) {
    this.#index = index;
    this.#schedule();
  }

  /** To be called after each batch, with its size. */
  wrote(events: number): void {
    this.#isQuiet = false;
    if (this.#index.waiting > MAX_WAITING) this.#try(Math.max(SLICE, events));
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#timer || this.#index.waiting === 0) return;
    this.#timer = setTimeout(() => this.#run(), this.#isQuiet ? 1 : QUIET).unref();
  }

  #run(): void {
    const wasQuiet = this.#isQuiet;
    this.#timer = undefined;
    this.#isQuiet = wasQuiet ? this.#try(SLICE) : true;
    this.#schedule();
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
