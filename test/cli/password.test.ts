import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { askPassword } from "../../src/cli/password.ts";

describe("askPassword", () => {
  it("takes a line and shows nothing of it", async () => {
    const { input, shown, answer } = ask();
    input.write("pass wör\u007fd");
    input.write("\u007fD\r");
    assert.equal(await answer, "pass wöD");
    assert.equal(shown(), "Password: \n");
  });

  it("takes an empty line", async () => {
    const { input, answer } = ask();
    input.write("\r");
    assert.equal(await answer, "");
  });

  for (const [name, end] of [
    ["Ctrl-C", (input: PassThrough) => input.write("secret\u0003")],
    ["Ctrl-D", (input: PassThrough) => input.write("\u0004")],
    ["the end of input", (input: PassThrough) => input.end()],
    ["a signal", (_: PassThrough, stop: AbortController) => stop.abort()],
  ] as const) {
    it(`is given up by ${name}`, async () => {
      const { input, stop, shown, answer } = ask();
      end(input, stop);
      await assert.rejects(answer, { message: "stopped before a password was given" });
      assert.equal(shown(), "Password: \n");
    });
  }
});

function ask() {
  const input = new PassThrough();
  const stop = new AbortController();
  let text = "";
  const err = (more: string): void => {
    text += more;
  };
  const answer = askPassword("Password: ", { input, err, stop: stop.signal });
  return { input, stop, shown: () => text, answer };
}
