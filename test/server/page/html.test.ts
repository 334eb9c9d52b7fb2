import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { html } from "../../../src/server/page/html.ts";

test("whatever is put into a template is text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const written = html`${text}`.toString();
      assert.doesNotMatch(written, /[<>"']|&(?!#)/);
      const read = written.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
      assert.equal(read, text);
    }),
  );
});

test("templates nest, lists are joined, and what is missing leaves nothing", () => {
  const items = ["<a>", "b"].map((item) => html`<li>${item}</li>`);
  assert.equal(
    html`<ul>${items}</ul>${undefined}${false}${0}`.toString(),
    "<ul><li>&#60;a&#62;</li><li>b</li></ul>0",
  );
});
