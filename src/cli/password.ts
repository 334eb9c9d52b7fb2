/** Asking for a password at the terminal, without showing what is typed. */

import { createInterface } from "node:readline";
import { type Readable, Writable } from "node:stream";

export interface PasswordParts {
  /** A terminal. */
  readonly input: Readable;
  readonly err: (text: string) => void;
  readonly stop: AbortSignal;
}

/** Resolves to the line that was typed. Rejects when there is none: Ctrl-C, Ctrl-D, or a signal. */
export function askPassword(
  question: string,
  { input, err, stop }: PasswordParts,
): Promise<string> {
  // Readline shows what is typed by writing it here.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  err(question);
  return new Promise<string>((resolve, reject) => {
    const giveUp = (): void => terminal.close();
    stop.addEventListener("abort", giveUp, { once: true });
    terminal.on("SIGINT", giveUp);
    terminal.once("line", (line) => {
      resolve(line);
      terminal.close();
    });
    terminal.once("close", () => {
      stop.removeEventListener("abort", giveUp);
      err("\n");
      reject(new Error("stopped before a password was given"));
    });
  });
}
