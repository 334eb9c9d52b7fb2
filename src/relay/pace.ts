/**
 * Turns at the store: in one turn of the event loop each address gets so much of its answers,
 * however many connections and queries it has. Whoever asks for little finds a turn free.
 */

import type { Reason } from "../nostr/message.ts";

/** Empty pages in a row after which an answer costs more than it may: millions of events looked at. */
export const MAX_FRUITLESS = 10_000;

/** What is told then to who asked. */
export const TOO_COSTLY: Reason =
  "error: this query looks at too many events, it needs closer filters";

/** Events that one address may get in one turn of the event loop: some milliseconds. */
const EVENTS = 2_048;
/** What a page may hold, and what an empty one stands for: the search for it looked at as many. */
const PAGE = 512;
/** What asking costs besides the events. */
const OVERHEAD = 16;

export class Pace {
  readonly #defer: (run: () => void) => void;
  /** What each address has used of this turn. */
  readonly #used = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #isTurning = false;

  constructor(defer: (run: () => void) => void) {
    this.#defer = defer;
  }

  /** The pages and what the source returns, each in its turn. Who stops early ends the source, too. */
  async *paced<Page extends readonly unknown[], Rest>(
    address: string,
    source: AsyncIterable<Page, Rest>,
  ): AsyncGenerator<Page, Rest, undefined> {
    const pages = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        await this.#take(address);
        const { done, value } = await pages.next();
        this.#giveBack(address, done ? PAGE - OVERHEAD : unusedOf(value));
        if (done) return value;
        yield value;
      }
    } finally {
      await pages.return?.();
    }
  }

  /** Takes what a page may cost, as soon as this turn or a later one has room for it. */
  #take(address: string): Promise<void> | undefined {
    this.#turnLater();
    if (this.#spend(address)) return undefined;
    return new Promise((resolve) => {
      const queue = this.#waiting.get(address);
      if (queue) queue.push(resolve);
      else this.#waiting.set(address, [resolve]);
    });
  }

  #giveBack(address: string, unused: number): void {
    const used = this.#used.get(address);
    if (used === undefined) return; // its turn is over
    this.#used.set(address, Math.max(0, used - unused));
    this.#serve(address);
  }

  #spend(address: string): boolean {
    const used = this.#used.get(address) ?? 0;
    if (used + PAGE > EVENTS) return false;
    this.#used.set(address, used + PAGE);
    return true;
  }

  #serve(address: string): void {
    const queue = this.#waiting.get(address);
    if (queue === undefined) return;
    while (queue.length > 0 && this.#spend(address)) queue.shift()?.();
    if (queue.length === 0) this.#waiting.delete(address);
  }

  #turnLater(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.#defer(() => this.#turn());
  }

  #turn(): void {
    this.#isTurning = false;
    this.#used.clear();
    if (this.#waiting.size > 0) this.#turnLater();
    for (const address of [...this.#waiting.keys()]) this.#serve(address);
  }
}

function unusedOf(page: readonly unknown[]): number {
  return page.length === 0 ? 0 : Math.max(0, PAGE - OVERHEAD - page.length);
}
