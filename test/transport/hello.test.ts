import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TransportError } from "../../src/transport/errors.ts";
import { encodeHello, type Hello, parseHello } from "../../src/transport/hello.ts";
import { hello, utf8 } from "../vectors/reference.ts";
import { RUNS } from "./sessions.ts";

const some: Hello = { auth: "required", maxMessage: 524_288, time: 1_770_000_000 };

describe("hello", () => {
  it("is read as it was written", () => {
    const any = fc.record<Hello>(
      {
        auth: fc.constantFrom("required", "optional"),
        maxMessage: fc.integer({ min: 1_024, max: 2 ** 26 }),
        time: fc.integer({ min: 0, max: 2 ** 40 }),
      },
      { noNullPrototype: true },
    );
    const property = fc.property(any, (value) => {
      const bytes = encodeHello(value);
      assert.equal(bytes.length, 256);
      assert.deepEqual(parseHello(bytes), value);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("requires authentication unless it says optional", () => {
    for (const auth of ['"required"', '"OPTIONAL"', "null", "1", "[]"]) {
      const json = `{"auth":${auth},"max_message":524288,"time":1770000000}`;
      assert.deepEqual(parseHello(hello(json)), some);
    }
    assert.deepEqual(parseHello(hello('{"max_message":524288,"time":1770000000}')), some);
  });

  it("may have keys that nobody knows, any white space, and 4,096 bytes", () => {
    const json = '\n{ "x": {"auth": "optional"}, "time":1.77e9,\t"max_message":524288 }';
    assert.deepEqual(parseHello(hello(json)), some);
    assert.deepEqual(parseHello(utf8(json.padStart(4_000).padEnd(4_096))), some);
  });

  it("takes nothing from prototypes", () => {
    const json = '{"__proto__":{"max_message":524288,"time":1},"constructor":1}';
    assert.throws(() => parseHello(hello(json)), TransportError);
  });

  it("that is random is refused with `hello`, or read", () => {
    const bytes = fc.uint8Array({ minLength: 256, maxLength: 256 });
    const json = fc.json({ maxDepth: 2 }).map(hello);
    const property = fc.property(fc.oneof(bytes, json, fc.uint8Array()), (value) => {
      try {
        parseHello(value);
      } catch (error) {
        assert.ok(error instanceof TransportError && error.code === "hello", String(error));
      }
    });
    fc.assert(property, { numRuns: 10 * RUNS });
  });
});
