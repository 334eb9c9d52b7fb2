import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { publicKeyFromBytes, publicKeyToBytes } from "../../src/nostr/key.ts";
import { MAX_PRIVATE_CLOSE, MIN_PRIVATE_CLOSE } from "../../src/transport/constants.ts";
import { TransportError } from "../../src/transport/errors.ts";
import { initiate, type Session } from "../../src/transport/session.ts";
import { isCode, nodeCrypto, openedPair, RUNS, sessionPair, textsOf } from "./sessions.ts";

/** Any UTF-16 text: lone surrogates, byte order marks, control characters. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc
    .array(fc.constantFrom("\ud800", "\udfff", "\ufeff", "\0", "é", "😀", "a"), { maxLength: 40 })
    .map((units) => units.join("")),
);

describe("message 2", () => {
  it("of any length but its own is a TransportError of the wrong relay", () => {
    const relay = publicKeyFromBytes(nodeCrypto.secp256k1x.generateKeyPair().publicKey);
    for (const length of [0, 47, 48, 304, 65_535, 65_536, 100_000]) {
      const { readMessage2 } = initiate(relay, nodeCrypto);
      const message = new Uint8Array(length);
      message.set(publicKeyToBytes(relay).subarray(0, length)); // some point of the curve
      assert.throws(() => readMessage2(message, 1_024), isCode("wrong-relay"), `${length} bytes`);
    }
  });
});

describe("first frame", () => {
  it("has one size, whatever it says", () => {
    for (const text of ['["ANON"]', "x", "x".repeat(1017)]) {
      const { initiator, responder } = sessionPair();
      const frame = initiator.sealFirst(text);
      assert.equal(frame.length, 1024 + 16);
      assert.equal(responder.openFirst(frame), text);
    }
  });

  it("holds at most 1,017 bytes of UTF-8, and the client fails locally beyond", () => {
    for (const text of ["x".repeat(1018), "é".repeat(509)]) {
      const { initiator } = sessionPair();
      assert.throws(() => initiator.sealFirst(text), isCode("first-frame"));
      assert.throws(() => initiator.sealFirst("x"), isCode("first-frame"));
    }
  });

  it("comes first, once, and from the initiator", () => {
    const { initiator, responder } = sessionPair();
    for (const session of [initiator, responder]) {
      assert.throws(() => session.sealMessages(["x"]), isCode("misuse"));
      assert.throws(() => session.sealCover(), isCode("misuse"));
      assert.throws(() => session.sealClose(1000, ""), isCode("misuse"));
      assert.throws(() => session.open(new Uint8Array(300)), isCode("misuse"));
    }
    assert.throws(() => responder.sealFirst("x"), isCode("misuse"));
    assert.throws(() => initiator.openFirst(new Uint8Array(1040)), isCode("misuse"));
    responder.openFirst(initiator.sealFirst("x"));
    assert.throws(() => initiator.sealFirst("x"), isCode("misuse"));
    assert.throws(() => responder.openFirst(new Uint8Array(1040)), isCode("misuse"));
    assert.deepEqual(texts(responder, initiator.sealMessages(["misuse kills nothing"])), [
      "misuse kills nothing",
    ]);
  });
});

describe("messages", () => {
  it("come out as they went in, but for lone surrogates and empty texts", () => {
    const { initiator, responder } = openedPair();
    const property = fc.property(fc.array(fc.array(anyText)), fc.boolean(), (batches, up) => {
      const [from, to] = up ? [initiator, responder] : [responder, initiator];
      for (const batch of batches) {
        const expected = batch.filter((text) => text !== "").map((text) => wellFormed(text));
        assert.deepEqual(texts(to, from.sealMessages(batch)), expected);
      }
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("share frames", () => {
    const { initiator, responder } = openedPair();
    const batch = Array.from({ length: 100 }, (_, index) => `["CLOSE","${index}"]`);
    const frames = initiator.sealMessages(batch);
    assert.equal(frames.length, 1);
    assert.deepEqual(texts(responder, frames), batch);
    assert.equal(initiator.sealMessages([]).length, 0);
    assert.equal(initiator.sealMessages(["", ""]).length, 0);
  });

  it("fill frames to the last byte", () => {
    const sizes = {
      1: [272],
      248: [272],
      249: [272],
      250: [336],
      65512: [65_535],
      65513: [65_535, 272],
    };
    for (const [length, expected] of Object.entries(sizes)) {
      const { initiator, responder } = openedPair();
      for (const character of ["x", "é"]) {
        const text = character
          .repeat(Number(length))
          .slice(0, Number(length) / (character === "x" ? 1 : 2));
        const whole = text + "x".repeat(Number(length) - Buffer.byteLength(text));
        const frames = initiator.sealMessages([whole]);
        assert.deepEqual(
          frames.map((frame) => frame.length),
          expected,
          length,
        );
        assert.deepEqual(texts(responder, frames), [whole]);
      }
    }
  });

  it("may be as long as the limit and not a byte longer", () => {
    for (const [length, accepted] of [
      [1023, true],
      [1024, true],
      [1025, false],
      [200_000, false],
    ] as const) {
      const { initiator, responder } = openedPair({ maxMessage: 1024 });
      const frames = initiator.sealMessages(["x".repeat(length)]);
      if (accepted) assert.equal(texts(responder, frames)[0]?.length, length);
      else assert.throws(() => texts(responder, frames.slice(0, 1)), isCode("message-length"));
    }
  });
});

describe("an attacker on the way", () => {
  const attack = fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat() }),
    fc.record({
      kind: fc.constantFrom("drop" as const, "swap" as const, "replay" as const),
      at: fc.nat(),
    }),
    fc.record({ kind: fc.constantFrom("reflect" as const, "splice" as const), at: fc.nat() }),
    fc.record({ kind: fc.constantFrom("cut" as const, "grow" as const), at: fc.nat() }),
  );

  it("achieves nothing but a dead session", () => {
    const some = fc.array(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), {
      minLength: 2,
    });
    const property = fc.property(some, attack, fc.boolean(), (batches, { at, ...how }, up) => {
      const { initiator, responder } = openedPair();
      const [from, to] = up ? [initiator, responder] : [responder, initiator];
      const frames = batches.flatMap((batch) => from.sealMessages(batch));
      // Losing the last frames is noticed at the end of the connection, not here.
      const index = at % (frames.length - 1);
      const frame = frames[index] ?? new Uint8Array(0);
      const next = frames[index + 1] ?? new Uint8Array(0);
      const replaced = {
        flip: () => [
          frame.map((byte, n) =>
            "bit" in how && n === (how.bit >> 3) % frame.length
              ? byte ^ (1 << (how.bit & 7))
              : byte,
          ),
        ],
        drop: () => [],
        swap: () => [next, frame],
        replay: () => [frame, frame],
        reflect: () => to.sealMessages(["reflected"]),
        splice: () => openedPair().initiator.sealMessages(["spliced"]),
        cut: () => [frame.subarray(0, -1)],
        grow: () => [Uint8Array.of(...frame, 0)],
      }[how.kind]();
      const bad = [...frames.slice(0, index), ...replaced, ...frames.slice(index + 1)];
      const good = batches.flat();
      const delivered: string[] = [];
      assert.throws(() => {
        for (const each of bad) delivered.push(...textsOf(to.open(each)));
      }, isCode("frame-auth"));
      assert.deepEqual(delivered, good.slice(0, delivered.length));
      assert.throws(() => to.open(frame), isCode("frame-auth"));
    });
    fc.assert(property, { numRuns: 5 * RUNS });
  });

  it("has random bytes refused with a TransportError", () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.boolean(),
      (bytes, isFirst) => {
        const { responder } = isFirst ? sessionPair() : openedPair();
        const expected = bytes.length < 16 ? "frame-size" : "frame-auth";
        assert.throws(
          () => (isFirst ? responder.openFirst(bytes) : responder.open(bytes)),
          isCode(expected),
        );
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });
});

describe("cover", () => {
  it("is ignored 64 times between two frames of messages", () => {
    const { initiator, responder } = openedPair();
    for (let round = 0; round < 2; round++) {
      for (let count = 0; count < 64; count++)
        assert.deepEqual(texts(responder, initiator.sealCover()), []);
      assert.deepEqual(texts(responder, initiator.sealMessages(["x"])), ["x"]);
    }
    for (let count = 0; count < 64; count++) texts(responder, initiator.sealCover());
    assert.throws(() => texts(responder, initiator.sealCover()), isCode("frame-cover"));
  });

  it("is no larger than the smallest frame", () => {
    assert.deepEqual(
      openedPair()
        .initiator.sealCover()
        .map((frame) => frame.length),
      [272],
    );
  });
});

describe("close", () => {
  it("is clean when both close frames have passed", () => {
    const { initiator, responder } = openedPair();
    const [frame = new Uint8Array(0)] = initiator.sealClose(4003, "Grüße");
    assert.deepEqual(responder.open(frame), [{ type: "close", code: 4003, reason: "Grüße" }]);
    assert.equal(initiator.clean || responder.clean, false);
    assert.deepEqual(texts(initiator, responder.sealMessages(["still under way"])), [
      "still under way",
    ]);
    const [answer = new Uint8Array(0)] = responder.sealClose(4003, "");
    assert.deepEqual(initiator.open(answer), [{ type: "close", code: 4003, reason: "" }]);
    assert.equal(initiator.clean && responder.clean, true);
  });

  it("takes the codes of SPEC and no others", () => {
    for (const code of [1000, MIN_PRIVATE_CLOSE, MAX_PRIVATE_CLOSE]) {
      const { initiator, responder } = openedPair();
      const [event] = initiator.sealClose(code, "").flatMap((frame) => responder.open(frame));
      assert.deepEqual(event, { type: "close", code, reason: "" });
    }
    for (const code of [0, 1001, 4000, 4100, 4001.5, Number.NaN]) {
      assert.throws(() => openedPair().initiator.sealClose(code, ""), isCode("misuse"));
    }
  });

  it("cuts a long reason between characters", () => {
    for (const [reason, length] of [
      ["x".repeat(200), 123],
      ["€".repeat(42), 41 * 3],
      [`x${"😀".repeat(40)}`, 121],
    ] as const) {
      const { initiator, responder } = openedPair();
      const [event] = initiator.sealClose(1000, reason).flatMap((frame) => responder.open(frame));
      assert.ok(event?.type === "close" && reason.startsWith(event.reason));
      assert.equal(Buffer.byteLength(event.reason), length);
    }
  });

  it("ends its direction", () => {
    const { initiator } = openedPair();
    initiator.sealClose(1000, "");
    assert.throws(() => initiator.sealMessages(["x"]), isCode("misuse"));
    assert.throws(() => initiator.sealCover(), isCode("misuse"));
    assert.throws(() => initiator.sealClose(1000, ""), isCode("misuse"));
  });
});

describe("a failure from outside", () => {
  it("kills the session, and the first one counts", () => {
    const { initiator, responder } = openedPair();
    const failure = initiator.fail("truncated", "gone");
    assert.equal(initiator.fail("verdict", "later"), failure);
    assert.throws(() => initiator.sealMessages(["x"]), isCode("truncated"));
    assert.throws(() => texts(initiator, responder.sealMessages(["x"])), isCode("truncated"));
    responder.destroy();
    assert.throws(() => responder.sealMessages(["x"]), isCode("misuse"));
  });

  it("is a TransportError with a name", () => {
    const failure = openedPair().initiator.fail("truncated", "gone");
    assert.ok(failure instanceof TransportError);
    assert.equal(failure.name, "TransportError");
  });
});

function texts(to: Session, frames: readonly Uint8Array[]): readonly string[] {
  return frames.flatMap((frame) => textsOf(to.open(frame)));
}

/** What UTF-8 makes of a text. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
