/** Canonical JSON texts on their way from a store to a client: as strings, or as the bytes of all. */

/** What a page of an answer is: texts, and how many. */
export type Texts = readonly string[] | PackedTexts;

const encoder = new TextEncoder();
/** A byte order mark is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Texts as UTF-8, one behind the other: as such they go from thread to thread without a copy, and
 * to a client without becoming strings.
 */
export class PackedTexts implements Iterable<string> {
  readonly bytes: Uint8Array;
  /** Where each text ends. */
  readonly ends: Uint32Array;

  constructor({ bytes, ends }: Pick<PackedTexts, "bytes" | "ends">) {
    this.bytes = bytes;
    this.ends = ends;
  }

  static of(texts: readonly string[]): PackedTexts {
    let left = texts.reduce((sum, text) => sum + text.length, 0);
    let bytes = new Uint8Array(left);
    const ends = new Uint32Array(texts.length);
    let end = 0;
    for (const [index, text] of texts.entries()) {
      let { read, written } = encoder.encodeInto(text, bytes.subarray(end));
      if (read < text.length) {
        // A UTF-16 unit is one byte of UTF-8 where all is ASCII, and never more than three.
        const grown = new Uint8Array(end + 3 * left);
        grown.set(bytes.subarray(0, end));
        bytes = grown;
        ({ read, written } = encoder.encodeInto(text, bytes.subarray(end)));
      }
      end += written;
      left -= text.length;
      ends[index] = end;
    }
    return new PackedTexts({ bytes: bytes.subarray(0, end), ends });
  }

  get length(): number {
    return this.ends.length;
  }

  /** The UTF-8 of each text, as a view. */
  *views(): Generator<Uint8Array, void, undefined> {
    let start = 0;
    for (const end of this.ends) {
      yield this.bytes.subarray(start, end);
      start = end;
    }
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (const view of this.views()) yield decoder.decode(view);
  }
}
