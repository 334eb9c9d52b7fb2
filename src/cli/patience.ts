/** For a database that another program, such as the relay, holds longer than SQLite waits. */

import { isLocked } from "../store.ts";
import { EXIT, Failure } from "./failure.ts";

/** Each takes the five seconds for which a connection waits (`busyTimeout`). */
const MAX_TRIES = 12;

/**
 * Tries again what has found the database locked. Throws a {@link Failure} when that has lasted for a
 * minute, or when `stop` is aborted.
 */
export async function patiently<T>(stop: AbortSignal, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (tries === MAX_TRIES || stop.aborted) {
        const advice = "Run the same again when the relay, or whatever it is, has less to write.";
        throw new Failure(EXIT.failed, "another program holds the database", advice);
      }
      // Or signals would never be seen.
      await new Promise(setImmediate);
    }
  }
}
