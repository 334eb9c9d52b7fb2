/** Says on standard error what a person is waiting for; in a terminal, in one line that changes. */

export function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
}

/** Ends the line, before something else is written. */
export function progressDone(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}
