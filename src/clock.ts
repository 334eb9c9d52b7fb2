/**
 * Time, as something that is handed in: the channel and the relay never read the wall clock
 * themselves, so that tests decide what time it is.
 *
 * @module
 */

export interface Clock {
  /** Unix time in whole seconds. */
  now(): number;
  /** Runs `run` once after `milliseconds`, unless the returned function is called before. */
  after(milliseconds: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
