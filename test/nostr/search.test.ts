import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchSearch, parseSearch, rank, type Search, scoreOf } from "../../src/nostr/search.ts";
import { madeUp } from "./arbitrary.ts";

function search(query: string): Search {
  const parsed = parseSearch(query);
  assert.ok(parsed.ok && parsed.value, query);
  return parsed.value;
}

describe("a query", () => {
  const terms = (query: string) => search(query).terms.map(({ words, open }) => [...words, open]);

  it("is its words; long ones may begin others", () => {
    assert.deepEqual(terms("To the relay"), [
      ["to", false],
      ["the", true],
      ["relay", true],
    ]);
  });

  it("counts letters, of which a Korean syllable has two or three", () => {
    assert.deepEqual(terms("서울 집 나"), [
      ["서울", true],
      ["집", true],
      ["나", false],
    ]);
  });

  it("keeps what has no spaces together", () => {
    assert.deepEqual(terms("東京都 京 👍"), [
      ["東京", "京都", false],
      ["京", true],
      ["👍", false],
    ]);
  });

  it("has extensions, which are ignored, and URLs, which are not", () => {
    assert.deepEqual(terms("a language:en nsfw:true b"), [
      ["a", false],
      ["b", false],
    ]);
    assert.deepEqual(terms("wss://a.bc"), [
      ["wss", true],
      ["a", false],
      ["bc", false],
    ]);
    for (const nothing of ["", "  ", "sort:hot", " a:b  c:d "]) {
      assert.deepEqual(parseSearch(nothing), { ok: true, value: undefined });
    }
  });

  it("without a single word is found nowhere", () => {
    assert.deepEqual(search("?!").terms, []);
    assert.equal(matchSearch(search("?!"), madeUp({ content: "?!" })), false);
  });

  it("has an end", () => {
    assert.ok(parseSearch("x".repeat(256)).ok);
    assert.ok(!parseSearch("x".repeat(257)).ok);
  });
});

describe("relevance", () => {
  const order = (query: string, ...contents: readonly string[]) => {
    const scored = contents.map((content) => ({
      content,
      score: scoreOf(search(query), madeUp({ content })),
    }));
    return rank(scored).map(({ content }) => content);
  };
  const filler = " and more".repeat(30);

  it("is more where words come often, in short texts, whole, and side by side", () => {
    assert.deepEqual(order("fig", "fig tree x", "fig fig x"), ["fig fig x", "fig tree x"]);
    assert.deepEqual(order("fig", `fig${filler}`, "fig"), ["fig", `fig${filler}`]);
    assert.deepEqual(order("fig", "figure", "fig"), ["fig", "figure"]);
    const apart = "fig or a jam";
    assert.deepEqual(order("fig jam", apart, "a or fig jam"), ["a or fig jam", apart]);
  });

  it("keeps the order of equals", () => {
    assert.deepEqual(order("fig", "fig a", "fig b", "fig c"), ["fig a", "fig b", "fig c"]);
  });
});

describe("what is searched", () => {
  const finds = (query: string, fields: Parameters<typeof madeUp>[0]) =>
    matchSearch(search(query), madeUp(fields));

  it("is the content, and what titles and summaries say", () => {
    const tags = [["title", "Headline"], ["summary", "short"], ["d", "slug"], ["title"], []];
    for (const query of ["body", "headline", "short"]) {
      assert.ok(finds(query, { kind: 30_023, content: "body", tags }), query);
    }
    assert.ok(!finds("slug", { kind: 30_023, content: "body", tags }));
  });

  it("is the readable part of JSON, if it is JSON", () => {
    const content = JSON.stringify({
      name: "Jack",
      about: 7,
      nip05: "j@x.example",
      lud16: "secret",
    });
    assert.ok(finds("jack", { kind: 0, content }));
    assert.ok(finds("x.example", { kind: 0, content }));
    assert.ok(!finds("secret", { kind: 0, content }));
    for (const broken of ["", "{", "[]", "null", '"jack"', "7"]) {
      assert.ok(!finds("jack", { kind: 0, content: broken }), broken);
    }
  });

  it("is none of what is sealed, or a list of keys", () => {
    for (const kind of [3, 4, 7, 13, 14, 1059, 10_002, 22_242, 24_133]) {
      assert.ok(!finds("word", { kind, content: "word" }), `${kind}`);
    }
  });

  it("is the beginning of endless texts", () => {
    assert.ok(finds("end", { content: `${"x ".repeat(8_000)}end` }));
    assert.ok(!finds("end", { content: `${"x ".repeat(9_000)}end` }));
  });
});
