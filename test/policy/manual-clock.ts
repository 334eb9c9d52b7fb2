/** A clock whose timers run when a test says so. */

import type { Clock } from "../../src/clock.ts";
import { NOW } from "../relay/conformance/session.ts";

interface Timer {
  readonly milliseconds: number;
  readonly run: () => void;
}

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();

  now(): number {
    return NOW;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { milliseconds, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How long the timers that are set were set for, in that order. */
  get timers(): readonly number[] {
    return [...this.#timers].map((timer) => timer.milliseconds);
  }

  /** Runs the timers that were set for so long. */
  expire(milliseconds: number): void {
    for (const timer of [...this.#timers]) {
      if (timer.milliseconds !== milliseconds) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}
