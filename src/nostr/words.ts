/**
 * The words of a text, in every script: what search compares (NIP-50). Case, diacritics and spelling
 * variants are folded. Scripts that write no spaces are cut into overlapping pairs of characters, so
 * that any part of a sentence is found without a dictionary.
 */

/** A change of what this file finds; stores index anew when it differs from theirs. */
export const WORDS_VERSION = 2;

/** Longer words are cut, such as base64 and invoices. In UTF-16 units. */
const MAX_WORD = 64;

const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー々〆\\p{Script=Thai}\\p{Script=Lao}" +
  "\\p{Script=Khmer}\\p{Script=Myanmar}";
const RUN = new RegExp(
  `(?<unspaced>[${UNSPACED}]+)|(?<emoji>\\p{Regional_Indicator}{2}|\\p{Extended_Pictographic})` +
    `|(?<word>(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+)`,
  "gu",
);

/**
 * Combining marks that are left out by many who write, or read as decoration. The Hebrew block has
 * punctuation among them, such as the maqaf that joins two words, which parts words as elsewhere.
 */
const MARKS = new RegExp(
  "[\\u0300-\\u036f\\ufe0f]" +
    "|[\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7]" +
    "|[\\u0610-\\u061a\\u0640\\u064b-\\u065f\\u0670\\u06d6-\\u06dc\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed]",
  "g",
);

/** Letters that stand for one another, beyond what Unicode normalization joins. */
const VARIANTS: Readonly<Record<string, string>> = {
  ...{ ı: "i", ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ł: "l", ς: "σ" },
  ...{ ٱ: "ا", ى: "ي", ی: "ي", ک: "ك", ة: "ه" },
};
const VARIANT = new RegExp(`[${Object.keys(VARIANTS).join("")}]`, "g");

/**
 * A word, an emoji, or a part of a run without spaces. `run` numbers what stands together: the parts
 * of one run, or a word alone.
 */
export interface Word {
  readonly text: string;
  readonly kind: "word" | "emoji" | "part";
  readonly run: number;
}

/** The words in their order. */
export function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  let run = 0;
  for (const { groups } of fold(text).matchAll(RUN)) {
    const { unspaced, emoji, word } = groups ?? {};
    if (unspaced !== undefined) {
      for (const part of partsOf(unspaced)) words.push({ text: part, kind: "part", run });
    }
    if (emoji !== undefined) words.push({ text: emoji, kind: "emoji", run });
    if (word !== undefined) words.push({ text: word.slice(0, MAX_WORD), kind: "word", run });
    run += 1;
  }
  return words;
}

function fold(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(MARKS, "")
    .normalize("NFKC")
    .replace(VARIANT, (letter) => VARIANTS[letter] ?? letter);
}

/** 東京都 is 東京, 京都 and, because a single character may be asked for, 都. */
function partsOf(run: string): readonly string[] {
  const characters = [...run];
  return characters.map((character, at) => character + (characters[at + 1] ?? ""));
}
