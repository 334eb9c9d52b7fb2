/**
 * Messages made of many stored texts, as frames carry them (SPEC, "Frames"): four bytes of length,
 * big-endian, then UTF-8. What is written like that is not touched again until it is sealed.
 */

import { PackedTexts, type Texts } from "./texts.ts";

const LENGTH_BYTES = 4;

const encoder = new TextEncoder();
/** A byte order mark is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class MessageRun implements Iterable<string> {
  readonly bytes: Uint8Array;
  /** How many messages. */
  readonly length: number;

  private constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes;
    this.length = length;
  }

  /**
   * One message for each text, between what stands before and behind it, in runs of at most `most`
   * bytes. A message that is longer has a run of its own.
   */
  static *of(
    texts: Texts,
    before: string,
    behind: string,
    most: number,
  ): Generator<MessageRun, void, undefined> {
    const [opening, closing] = [encoder.encode(before), encoder.encode(behind)];
    const head = LENGTH_BYTES + opening.length;
    const frame = head + closing.length;
    /** What is to come, where all of it is ASCII. */
    let left = unitsOf(texts) + texts.length * frame;
    let bytes = new Uint8Array(Math.min(most, left));
    let view = new DataView(bytes.buffer);
    let [end, length] = [0, 0];
    for (const text of texts instanceof PackedTexts ? texts.views() : texts) {
      let written = put(text, bytes, end + head, Math.min(bytes.length, most) - closing.length);
      if (written === undefined) {
        if (length > 0) yield new MessageRun(bytes.subarray(0, end), length);
        bytes = new Uint8Array(Math.max(Math.min(most, left), frame + 3 * text.length));
        view = new DataView(bytes.buffer);
        [end, length] = [0, 0];
        written = put(text, bytes, head, bytes.length) ?? 0;
      }
      view.setUint32(end, opening.length + written + closing.length);
      bytes.set(opening, end + LENGTH_BYTES);
      bytes.set(closing, end + head + written);
      end += frame + written;
      left -= frame + text.length;
      length += 1;
    }
    if (length > 0) yield new MessageRun(bytes.subarray(0, end), length);
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    const { buffer, byteOffset, byteLength } = this.bytes;
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let at = 0; at < byteLength; ) {
      const start = at + LENGTH_BYTES;
      at = start + view.getUint32(at);
      yield decoder.decode(this.bytes.subarray(start, at));
    }
  }
}

function unitsOf(texts: Texts): number {
  if (texts instanceof PackedTexts) return texts.bytes.length;
  let units = 0;
  for (const text of texts) units += text.length;
  return units;
}

/** Writes in front of `limit`. Returns how many bytes, or `undefined` if there is not enough room. */
function put(
  text: string | Uint8Array,
  bytes: Uint8Array,
  at: number,
  limit: number,
): number | undefined {
  if (at + text.length > limit) return undefined;
  if (typeof text !== "string") {
    bytes.set(text, at);
    return text.length;
  }
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, limit));
  return read === text.length ? written : undefined;
}
