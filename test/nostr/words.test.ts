import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { wordsOf } from "../../src/nostr/words.ts";

const texts = (text: string) => wordsOf(text).map((word) => word.text);

describe("words", () => {
  it("are what stands between spaces and punctuation", () => {
    assert.deepEqual(texts("Hello, world! #nostr (c++) it's 2,5"), [
      ...["hello", "world", "nostr", "c", "it", "s", "2", "5"],
    ]);
    assert.deepEqual(texts(""), []);
    assert.deepEqual(texts(" \n…?!\0"), []);
  });

  it("are folded: case, diacritics, width, variants", () => {
    assert.deepEqual(texts("ÉCOLE e\u0301cole Ｗｉｄｅ ﬁn"), ["ecole", "ecole", "wide", "fin"]);
    assert.deepEqual(texts("İI ıi Straße Łódź ΛΟΓΟΣ λόγος"), [
      ...["ii", "ii", "strasse", "lodz", "λογοσ", "λογοσ"],
    ]);
    assert.deepEqual(texts("العَرَبِيَّة العربيه کتاب كتـاب"), ["العربيه", "العربيه", "كتاب", "كتاب"]);
  });

  it("keep the marks that are letters", () => {
    assert.notDeepEqual(texts("が"), texts("か"));
    assert.notDeepEqual(texts("कि"), texts("क"));
    assert.deepEqual(texts("ｶﾞ"), texts("ガ"));
  });

  it("are pairs of characters where no spaces are written", () => {
    assert.deepEqual(texts("東京都"), ["東京", "京都", "都"]);
    assert.deepEqual(texts("nostrは楽しい、ね"), ["nostr", "は楽", "楽し", "しい", "い", "ね"]);
    assert.deepEqual(texts("𠮷野家"), ["𠮷野", "野家", "家"]);
    assert.deepEqual(
      wordsOf("東京 x").map(({ run, kind }) => [run, kind]),
      [
        [0, "part"],
        [0, "part"],
        [1, "word"],
      ],
    );
  });

  it("are emoji, whatever their skin, one by one; flags stay whole", () => {
    assert.deepEqual(texts("gm👍🏽👨‍👩‍👧🇹🇷🇺🇸☀️"), [
      ...["gm", "👍", "👨", "👩", "👧", "🇹🇷", "🇺🇸", "☀"],
    ]);
  });

  it("are cut where they are very long", () => {
    assert.deepEqual(texts("x".repeat(1_000)), ["x".repeat(64)]);
  });

  it("are the same in a text that takes a closer look", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", maxLength: 200 }), (text) => {
        assert.deepEqual(wordsOf(`${text}…`), wordsOf(text));
      }),
    );
  });

  it("hold nothing that would cut or escape them, and stay as they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        for (const word of texts(text)) {
          assert.doesNotMatch(word, /[\0-/:-@[-`{-\x7f]/);
          assert.notEqual(word, "");
        }
      }),
      { numRuns: process.env["SLOW"] ? 20_000 : 500 },
    );
  });
});
