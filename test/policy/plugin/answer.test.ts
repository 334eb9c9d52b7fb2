import assert from "node:assert/strict";
import { test } from "node:test";
import { okMessage } from "../../../src/nostr/message.ts";
import { parseAnswer, verdictOf } from "../../../src/policy/plugin/answer.ts";
import { event, told } from "../plugin-setup.ts";

const { id } = event("x");

function answered(action: string, msg?: unknown): string {
  const answer = parseAnswer({ id, action, msg }, id);
  return answer.ok ? told(verdictOf(answer.value)) : answer.reason;
}

test("a rejection has the plugin's words, with a machine-readable one in front", () => {
  for (const [msg, expected] of [
    ["blocked: not on white-list", "blocked: not on white-list"],
    ["rate-limited: slow\ndown: please", "rate-limited: slow\ndown: please"],
    ["spam: a word of its own", "spam: a word of its own"],
    ["pow: ", "pow: "],
    ["You may not: go away", "blocked: You may not: go away"],
    ["https://relay.example/rules", "blocked: https://relay.example/rules"],
    ["no", "blocked: no"],
    ["", "blocked: the relay's policy does not accept this event"],
    [undefined, "blocked: the relay's policy does not accept this event"],
  ]) {
    assert.equal(answered("reject", msg), `false ${expected}`);
  }
});

test("a shadow-rejection has the plugin's words as they are; an acceptance has none", () => {
  assert.equal(answered("shadowReject", "thank you"), "true thank you");
  assert.equal(answered("shadowReject"), "true ");
  assert.equal(answered("accept", "thank you"), "true");
});

test("words are well-formed and bounded", () => {
  assert.equal(answered("reject", "a\ud83c: b\udf0d 🌍"), "false blocked: a\ufffd: b\ufffd 🌍");
  assert.equal(answered("shadowReject", "🌍".repeat(1_024)), `true ${"🌍".repeat(1_024)}`);
  assert.equal(answered("shadowReject", "🌍".repeat(1_025)), `true ${"🌍".repeat(1_024)}`);
  const json = okMessage(id, true, answered("shadowReject", "\u0000\u202e\ud800"));
  assert.equal(JSON.parse(json)[3], "true \u0000\u202e\ufffd");
});

test("anything else is no answer", () => {
  const whole = { id, action: "accept", msg: "", more: [1] };
  assert(parseAnswer(whole, id).ok);
  for (const value of [
    null,
    true,
    1,
    "accept",
    [whole],
    {},
    { ...whole, id: undefined },
    { ...whole, id: id.toUpperCase() },
    { ...whole, action: "Accept" },
    { ...whole, action: "toString" },
    { ...whole, action: ["accept"] },
    { ...whole, msg: {} },
    { ...whole, msg: 0 },
  ]) {
    assert.equal(parseAnswer(value, id).ok, false, JSON.stringify(value));
  }
});
