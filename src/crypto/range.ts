/** Arguments that no provider may take, reported alike by all of them. */

export function checkLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`${name} has ${bytes.length} bytes instead of ${length}`);
  }
}

/** Turns whatever a library throws into a RangeError, whose words never carry its arguments. */
export function orRangeError<T>(reason: string, compute: () => T): T {
  try {
    return compute();
  } catch {
    throw new RangeError(reason);
  }
}
