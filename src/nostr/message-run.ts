/**
 * Many messages that differ in one text each, such as the stored events of an answer. The texts stay
 * what they are until they are written into a frame.
 */

import { PackedTexts, type SharedText, type Texts } from "./packed-texts.ts";

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();

/** What stands before and behind each text, as text and, for those who write it, as UTF-8. */
export class Around {
  readonly before: string;
  readonly behind: string;
  #opening: Uint8Array | undefined;
  #closing: Uint8Array | undefined;

  constructor(before: string, behind: string) {
    this.before = before;
    this.behind = behind;
  }

  get opening(): Uint8Array {
    this.#opening ??= encoder.encode(this.before);
    return this.#opening;
  }

  get closing(): Uint8Array {
    this.#closing ??= encoder.encode(this.behind);
    return this.#closing;
  }

  /** Bytes of both. */
  get size(): number {
    return this.opening.length + this.closing.length;
  }
}

export class MessageRun implements Iterable<string> {
  readonly #texts: Texts;
  readonly #around: Around;
  /** Which of the texts: from this one to before that one. */
  readonly #from: number;
  readonly #to: number;
  /** Of all messages: bytes of UTF-8 where the texts are packed, otherwise UTF-16 units. */
  readonly size: number;

  private constructor(texts: Texts, around: Around, from: number, to: number, size: number) {
    this.#texts = texts;
    this.#around = around;
    this.#from = from;
    this.#to = to;
    this.size = size;
  }

  /** Runs of at most that size; a message that is longer has a run of its own. */
  static *of(texts: Texts, around: Around, most: number): Generator<MessageRun, void, undefined> {
    const { size: aroundSize } = around;
    let from = 0;
    let size = 0;
    for (let index = 0; index < texts.length; index++) {
      const more = aroundSize + sizeAt(texts, index);
      if (index > from && size + more > most) {
        yield new MessageRun(texts, around, from, index, size);
        from = index;
        size = 0;
      }
      size += more;
    }
    if (size > 0) yield new MessageRun(texts, around, from, texts.length, size);
  }

  /** A run of one message, whatever its size. */
  static one(text: SharedText, around: Around): MessageRun {
    return new MessageRun(text, around, 0, 1, around.size + text.bytes.length);
  }

  /** How many messages. */
  get length(): number {
    return this.#to - this.#from;
  }

  /** Called by who has written it. Runs are written in order: after the last, nobody needs the texts. */
  release(): void {
    const texts = this.#texts;
    if (texts instanceof PackedTexts && this.#to === texts.length) texts.release();
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** The message as a string. */
  at(index: number): string {
    return `${this.#around.before}${this.textAt(index)}${this.#around.behind}`;
  }

  /** The text inside of the message, or only its first characters, which must be ASCII. */
  textAt(index: number, most?: number): string {
    const at = this.#from + index;
    if (this.#texts instanceof PackedTexts) return this.#texts.at(at, most);
    return this.#texts[at]?.slice(0, most) ?? "";
  }

  /**
   * Writes the message as frames carry it (SPEC, "Frames"): four bytes of length, big-endian, then
   * UTF-8. Returns where it ends, or `undefined` if it does not fit.
   */
  put(index: number, bytes: Uint8Array, at: number): number | undefined {
    const { opening, closing } = this.#around;
    const start = at + LENGTH_BYTES;
    const textAt = start + opening.length;
    const closingAt = putText(this.#texts, this.#from + index, bytes, textAt, closing.length);
    if (closingAt === undefined) return undefined;
    const end = closingAt + closing.length;
    // A call that copies takes longer than a loop over so few bytes.
    for (let i = 0; i < opening.length; i++) bytes[start + i] = opening[i] ?? 0;
    for (let i = 0; i < closing.length; i++) bytes[closingAt + i] = closing[i] ?? 0;
    for (let i = 0; i < LENGTH_BYTES; i++) bytes[at + i] = (end - start) >>> (8 * (3 - i));
    return end;
  }
}

function sizeAt(texts: Texts, index: number): number {
  if (texts instanceof PackedTexts) return texts.end(index) - texts.start(index);
  return texts[index]?.length ?? 0;
}

/** Returns where the text ends, or `undefined` if it does not fit with so many bytes behind it. */
function putText(
  texts: Texts,
  index: number,
  bytes: Uint8Array,
  at: number,
  behind: number,
): number | undefined {
  const limit = bytes.length - behind;
  // A UTF-16 unit is at least one byte of UTF-8: only what may fit is tried.
  const end = at + sizeAt(texts, index);
  if (end > limit) return undefined;
  if (texts instanceof PackedTexts) {
    bytes.set(texts.bytes.subarray(texts.start(index), texts.end(index)), at);
    return end;
  }
  const text = texts[index] ?? "";
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, limit));
  return read < text.length ? undefined : at + written;
}
