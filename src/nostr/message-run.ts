/**
 * Many messages that differ in one text each, such as the stored events of an answer. They are kept
 * apart until they are written into a frame, so that no string is made of each message before.
 */

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();

export class MessageRun implements Iterable<string> {
  readonly texts: readonly string[];
  /** What stands before and behind each text. */
  readonly before: string;
  readonly behind: string;
  /** UTF-16 units of all messages. */
  readonly units: number;
  #opening: Uint8Array | undefined;
  #closing: Uint8Array | undefined;

  private constructor(texts: readonly string[], before: string, behind: string, units: number) {
    this.texts = texts;
    this.before = before;
    this.behind = behind;
    this.units = units;
  }

  /** Runs of at most `most` UTF-16 units; a message that is longer has a run of its own. */
  static *of(
    texts: readonly string[],
    before: string,
    behind: string,
    most: number,
  ): Generator<MessageRun, void, undefined> {
    const around = before.length + behind.length;
    let start = 0;
    let units = 0;
    for (const [index, text] of texts.entries()) {
      const more = around + text.length;
      if (index > start && units + more > most) {
        yield new MessageRun(texts.slice(start, index), before, behind, units);
        start = index;
        units = 0;
      }
      units += more;
    }
    if (units > 0) yield new MessageRun(texts.slice(start), before, behind, units);
  }

  /** How many messages. */
  get length(): number {
    return this.texts.length;
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (const text of this.texts) yield this.around(text);
  }

  /** The message that a text becomes. */
  around(text: string): string {
    return `${this.before}${text}${this.behind}`;
  }

  /**
   * Writes the message that a text becomes as frames carry it (SPEC, "Frames"): four bytes of
   * length, big-endian, then UTF-8. Returns where it ends, or `undefined` if it does not fit.
   */
  put(text: string, bytes: Uint8Array, at: number): number | undefined {
    this.#opening ??= encoder.encode(this.before);
    this.#closing ??= encoder.encode(this.behind);
    const start = at + LENGTH_BYTES + this.#opening.length;
    const limit = bytes.length - this.#closing.length;
    // A UTF-16 unit is at least one byte of UTF-8: only what may fit is tried.
    if (start + text.length > limit) return undefined;
    const { read, written } = encoder.encodeInto(text, bytes.subarray(start, limit));
    if (read < text.length) return undefined;
    const end = start + written + this.#closing.length;
    bytes.set(this.#opening, at + LENGTH_BYTES);
    bytes.set(this.#closing, start + written);
    new DataView(bytes.buffer, bytes.byteOffset + at).setUint32(0, end - at - LENGTH_BYTES);
    return end;
  }
}
