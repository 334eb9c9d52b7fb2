/** Starting what listens: the errors that people meet there, in words. */

import { printable } from "../server/log.ts";
import { EXIT, Failure } from "./failure.ts";

/** Resolves to what `start` does. Throws a {@link Failure} when it cannot listen there. */
export async function listening<T>(
  host: string,
  port: number,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    throw explain(error, host, port) ?? error;
  }
}

function explain(error: unknown, host: string, port: number): Failure | undefined {
  switch (error instanceof Error && "syscall" in error && "code" in error && error.code) {
    case "EADDRINUSE":
      return new Failure(
        EXIT.failed,
        `port ${port} on ${host} is taken by another program`,
        "Stop that program, or choose another port with --port.",
      );
    case "EACCES":
      return new Failure(
        EXIT.failed,
        `no permission to listen on port ${port}`,
        "Choose a port above 1023 with --port.",
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new Failure(
        EXIT.usage,
        `this machine has no address ${printable(host)}`,
        'Choose one of its own with --host, or "0.0.0.0" for all of them.',
      );
    default:
      return undefined;
  }
}
