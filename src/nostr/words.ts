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
const EMOJI = "\\p{Regional_Indicator}{2}|\\p{Extended_Pictographic}";
const RUN = new RegExp(`[${UNSPACED}]+|${EMOJI}|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`, "gu");
const UNSPACED_RUN = new RegExp(`^[${UNSPACED}]`, "u");
const EMOJI_RUN = new RegExp(`^(?:${EMOJI})`, "u");

/** Most texts: nothing is folded but the case, and all that is between others than these parts them. */
const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /[a-z0-9]+/g;

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
  if (ASCII.test(text)) return (text.toLowerCase().match(ASCII_WORD) ?? []).map(wholeWord);
  return (fold(text).match(RUN) ?? []).flatMap(wordsIn);
}

function wordsIn(text: string, run: number): Word | readonly Word[] {
  if (text.charCodeAt(0) < 0x80) return wholeWord(text, run);
  if (EMOJI_RUN.test(text)) return { text, kind: "emoji", run };
  if (!UNSPACED_RUN.test(text)) return wholeWord(text, run);
  return partsOf(text).map((part) => ({ text: part, kind: "part", run }));
}

function wholeWord(text: string, run: number): Word {
  return { text: text.slice(0, MAX_WORD), kind: "word", run };
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
