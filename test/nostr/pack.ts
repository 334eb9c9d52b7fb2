import { PackedTexts } from "../../src/nostr/packed-texts.ts";

/** As a database packs them. */
export function pack(texts: readonly string[]): PackedTexts {
  let end = 0;
  const ends = Uint32Array.from(texts, (text) => {
    end += Buffer.byteLength(text);
    return end;
  });
  return new PackedTexts(Buffer.from(texts.join("")), ends);
}

/** Counts how often it was told that nobody needs it any more. */
export class CountedTexts extends PackedTexts {
  released = 0;

  constructor(texts: readonly string[]) {
    const { bytes, ends } = pack(texts);
    super(bytes, ends);
  }

  override release(): void {
    this.released += 1;
  }
}
