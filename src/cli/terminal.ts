/** What is written for a terminal: texts that cannot steer it, and a line that is renewed. */

/** The same JSON, without the control characters that JSON may hold as they are. */
export function escapeControls(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

/** A number for people: 1,234,567. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

const TO_LINE_START_AND_CLEAR = "\r\u001b[K";

/** One line on standard error that takes the place of the one before. */
export class StatusLine {
  readonly #write: (text: string) => void;
  #isShown = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show(text: string): void {
    this.#write(`${TO_LINE_START_AND_CLEAR}${text}`);
    this.#isShown = true;
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#isShown) this.#write(TO_LINE_START_AND_CLEAR);
    this.#isShown = false;
  }
}
