import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  aroundEvents,
  authChallenge,
  closedMessage,
  countMessage,
  eoseMessage,
  negError,
  negMessage,
  notice,
  okMessage,
  parseClientMessage,
} from "../../src/nostr/message.ts";
import { Author } from "../relay/conformance/session.ts";

const event = new Author().sign({ tags: [["t", "x"]], content: "hello" });
const { json, ...plain } = event;

const parse = (...message: readonly unknown[]) => parseClientMessage(JSON.stringify(message));

describe("parseClientMessage", () => {
  test("EVENT and AUTH carry an event", () => {
    assert.deepEqual(parse("EVENT", plain), { type: "EVENT", event: plain });
    assert.deepEqual(parse("AUTH", plain), { type: "AUTH", event: plain });
  });

  test("REQ carries an id and filters", () => {
    const message = parse("REQ", "x", { kinds: [1], "#t": ["y"], limit: 5 }, {});
    assert(message.type === "REQ");
    assert.equal(message.id, "x");
    const [first, second] = message.filters;
    assert.deepEqual(first?.kinds, new Set([1]));
    assert.deepEqual(first?.tags, new Map([["t", new Set(["y"])]]));
    assert.equal(first?.limit, 5);
    assert.deepEqual(second, { tags: new Map() });
  });

  test("CLOSE carries an id, whatever it is", () => {
    for (const id of ["x", "", "x".repeat(1_000)]) {
      assert.deepEqual(parse("CLOSE", id), { type: "CLOSE", id });
    }
  });

  test("items beyond those of NIP-01 are ignored", () => {
    assert.deepEqual(parse("EVENT", plain, 1), { type: "EVENT", event: plain });
    assert.deepEqual(parse("CLOSE", "x", 1), { type: "CLOSE", id: "x" });
  });

  test("minus zero becomes zero", () => {
    const message = parseClientMessage('["REQ","x",{"since":-0,"limit":-0}]');
    assert(message.type === "REQ");
    const [filter] = message.filters;
    assert(Object.is(filter?.since, 0) && Object.is(filter?.limit, 0));
  });

  test("a broken event that can be named is refused by its id", () => {
    for (const verb of ["EVENT", "AUTH"]) {
      assert.deepEqual(parse(verb, { id: event.id, kind: 1 }), {
        type: "refused",
        verb: "EVENT",
        id: event.id,
        reason: "invalid: pubkey is not 64 lower-case hex digits",
      });
    }
    assert.equal(parse("EVENT", { ...plain, id: "x" }).type, "malformed");
    assert.equal(parse("EVENT").type, "malformed");
  });

  test("a broken REQ that can be named is refused by its id", () => {
    const refused: readonly (readonly [string, unknown[]])[] = [
      ["x", []],
      ["x", [{ searches: "y" }]],
      ["x", [{}, { kinds: "1" }]],
      ["", [{}]],
      ["x".repeat(65), [{}]],
      ["x".repeat(256), [{}]],
    ];
    for (const [id, filters] of refused) {
      const message = parse("REQ", id, ...filters);
      assert(message.type === "refused", JSON.stringify(message));
      assert.deepEqual([message.verb, message.id], ["REQ", id]);
      assert.match(message.reason, /^(invalid|unsupported): ./);
    }
    for (const id of [undefined, 1, null, {}, "x".repeat(257), "\ud800"]) {
      assert.equal(parse("REQ", id, {}).type, "malformed");
    }
  });

  test("NEG-OPEN and NEG-MSG carry bytes", () => {
    const message = Uint8Array.of(0x61, 0xab);
    assert.deepEqual(parse("NEG-MSG", "x", "61AB"), { type: "NEG-MSG", id: "x", message });
    const opening = parse("NEG-OPEN", "x", { limit: 5 }, "61ab");
    const filter = { tags: new Map(), limit: 5 };
    assert.deepEqual(opening, { type: "NEG-OPEN", id: "x", filter, message });
    assert.deepEqual(parse("NEG-CLOSE", "x"), { type: "NEG-CLOSE", id: "x" });
  });

  test("a broken NEG-OPEN or NEG-MSG that can be named is refused by its id", () => {
    const refused: readonly (readonly unknown[])[] = [
      ["NEG-OPEN", "x"],
      ["NEG-OPEN", "x", {}],
      ["NEG-OPEN", "x", {}, "6"],
      ["NEG-OPEN", "x", {}, "00".repeat(65_537)],
      ["NEG-OPEN", "x", [{}], "61"],
      ["NEG-OPEN", "", {}, "61"],
      ["NEG-MSG", "x", "6g"],
      ["NEG-MSG", "x".repeat(65), "61"],
    ];
    for (const message of refused) {
      const answer = parse(...message);
      assert(answer.type === "refused", JSON.stringify(answer));
      assert.deepEqual([answer.verb, answer.id], ["NEG-OPEN", message[1]]);
    }
    for (const verb of ["NEG-OPEN", "NEG-MSG", "NEG-CLOSE"]) {
      assert.equal(parse(verb, 1, {}, "61").type, "malformed");
    }
    assert.equal(parse("NEG-MSG", "x", "00".repeat(65_536)).type, "NEG-MSG");
  });

  test("64 characters of any length in UTF-16 make an id", () => {
    assert.equal(parse("REQ", "😀".repeat(64), {}).type, "REQ");
    assert.equal(parse("REQ", "😀".repeat(65), {}).type, "refused");
  });

  test("whatever the text, there is an answer, and it is JSON", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .tuple(
          fc.constantFrom("EVENT", "AUTH", "REQ", "CLOSE", "NEG-OPEN", "NEG-MSG"),
          fc.array(fc.jsonValue()),
        )
        .map(([verb, items]) => JSON.stringify([verb, ...items])),
      fc
        .tuple(fc.constantFrom(...Object.keys(plain)), fc.jsonValue())
        .map(([key, value]) => JSON.stringify(["EVENT", { ...plain, [key]: value }])),
    );
    fc.assert(
      fc.property(text, (input) => {
        const message = parseClientMessage(input);
        if (message.type === "malformed") assert.equal(JSON.parse(message.reply)[0], "NOTICE");
        if (message.type === "refused") assert.match(message.reason, /^[a-z]+: ./);
      }),
      { numRuns: process.env["SLOW"] ? 20_000 : 500 },
    );
  });
});

test("replies are the arrays of NIP-01, NIP-42 and NIP-77", () => {
  const id = 'a"b\\\u0000';
  assert.deepEqual(JSON.parse(okMessage(event.id, true)), ["OK", event.id, true, ""]);
  assert.deepEqual(JSON.parse(okMessage(event.id, false, "pow: more")), [
    "OK",
    event.id,
    false,
    "pow: more",
  ]);
  const [before, behind] = aroundEvents(id);
  assert.deepEqual(JSON.parse(`${before}${json}${behind}`), ["EVENT", id, plain]);
  assert.deepEqual(JSON.parse(eoseMessage(id)), ["EOSE", id]);
  assert.deepEqual(JSON.parse(eoseMessage(id, "more")), ["EOSE", id, ["more"]]);
  assert.deepEqual(JSON.parse(countMessage(id, { count: 3 })), ["COUNT", id, { count: 3 }]);
  assert.deepEqual(JSON.parse(closedMessage(id, "error: x")), ["CLOSED", id, "error: x"]);
  const bytes = Uint8Array.of(0x61, 0x0a);
  assert.deepEqual(JSON.parse(negMessage(id, bytes)), ["NEG-MSG", id, "610a"]);
  assert.deepEqual(JSON.parse(negError(id, "closed: x")), ["NEG-ERR", id, "closed: x"]);
  assert.deepEqual(JSON.parse(negError(id, "blocked: x", 5)), ["NEG-ERR", id, "blocked: x", 5]);
  assert.deepEqual(JSON.parse(notice("x")), ["NOTICE", "x"]);
  assert.deepEqual(JSON.parse(authChallenge("x")), ["AUTH", "x"]);
});
