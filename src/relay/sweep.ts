/**
 * Removes what has expired (NIP-40), a little at a time. Nobody waits for it: readers do not see
 * expired events in any case.
 */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { EventStore } from "../store.ts";

export interface SweepParts {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds to the next step, and while there is more to do. */
const PAUSE = 60_000;
const SHORT_PAUSE = 500;

export class Sweep {
  readonly #parts: SweepParts;
  #cancel: () => void = () => {};
  #step: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: SweepParts) {
    this.#parts = parts;
    this.#schedule(PAUSE);
  }

  /** Resolves when the store is left alone. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    return this.#step;
  }

  #schedule(pause: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(pause, () => {
      this.#step = this.#sweep().then((removed) =>
        this.#schedule(removed > 0 ? SHORT_PAUSE : PAUSE),
      );
    });
  }

  async #sweep(): Promise<number> {
    try {
      return await this.#parts.store.sweep(this.#parts.clock.now());
    } catch (error) {
      this.#parts.log("error", "sweep failed", { error: String(error) });
      return 0;
    }
  }
}
