/**
 * Many texts in one array of UTF-8 bytes, such as the stored events of an answer: on their way from
 * the database to the wire no string is made of any. Whoever wants to read one gets a string.
 */

const encoder = new TextEncoder();
/** A byte order mark is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Few texts cost less as strings. */
export type Texts = readonly string[] | PackedTexts;

export class PackedTexts implements Iterable<string> {
  readonly bytes: Uint8Array;
  /** Where each text ends, and the next one begins. */
  readonly ends: Uint32Array;

  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.bytes = bytes;
    this.ends = ends;
  }

  get length(): number {
    return this.ends.length;
  }

  /** Where a text begins. */
  start(index: number): number {
    return index === 0 ? 0 : this.end(index - 1);
  }

  /** Where a text ends. */
  end(index: number): number {
    return this.ends[index] ?? this.bytes.length;
  }

  /** The text, or only its first bytes, which must be whole characters. */
  at(index: number, most: number = Number.POSITIVE_INFINITY): string {
    const start = this.start(index);
    return decoder.decode(this.bytes.subarray(start, Math.min(this.end(index), start + most)));
  }

  /** The first so many texts. */
  first(count: number): PackedTexts {
    return new PackedTexts(this.bytes, this.ends.subarray(0, count));
  }

  /** Called when nobody will read it any more: a store may take its memory back. */
  release(): void {}

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

/** One text that goes to many: encoded once for all, and a string for those who want that. */
export class SharedText extends PackedTexts {
  readonly #text: string;

  constructor(text: string) {
    const bytes = encoder.encode(text);
    super(bytes, Uint32Array.of(bytes.length));
    this.#text = text;
  }

  override at(_index: number, most?: number): string {
    return this.#text.slice(0, most);
  }
}
