/** A clock that stands still until a test moves it. */

import type { Clock } from "../../src/clock.ts";

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

export class TestClock implements Clock {
  #milliseconds: number;
  #timers = new Set<Timer>();

  /** `now` in unix seconds. */
  constructor(now = 1_770_000_000) {
    this.#milliseconds = now * 1000;
  }

  now(): number {
    return Math.floor(this.#milliseconds / 1000);
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { due: this.#milliseconds + milliseconds, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(milliseconds: number): void {
    this.#milliseconds += milliseconds;
    const due = [...this.#timers].filter((timer) => timer.due <= this.#milliseconds);
    for (const timer of due.sort((a, b) => a.due - b.due)) {
      if (this.#timers.delete(timer)) timer.run();
    }
  }
}
