/** What must fail after frame 0, for whichever end is fed. */

import { authEvent, authText, FIRST_HANDSHAKE } from "../frames.ts";
import { handshakeNamed } from "../handshake.ts";
import {
  type Bytes,
  CLOSE,
  COVER,
  closeContent,
  concat,
  Direction,
  firstPlaintext,
  MESSAGES,
  plaintext,
  stream,
  uint,
  utf8,
} from "../reference.ts";
import { asInput, type Fed, flipped, type Input, type Scenario } from "./scenario.ts";

const EMPTY: Bytes = new Uint8Array(0);
const OTHER_SESSION = "relay even, client odd, answer odd";
/** The longest message that each end takes. */
const LIMITS = { relay: 524_288, client: 4_194_304 };

/** Seals frame 0 and whatever follows it, in order. */
type Seal = (sealed: Bytes) => Bytes;

export function later(fed: Fed): readonly Scenario[] {
  const scenarios = [
    ...changed(fed),
    ...shapes(fed),
    ...messages(fed),
    ...closes(fed),
    ...ends(fed),
  ];
  return scenarios.map((scenario) => ({ ...scenario, name: `${fed}: ${scenario.name}` }));
}

/** Frame 0 of the first handshake, towards either end. */
export function firstFrame(fed: Fed, handshake: string = FIRST_HANDSHAKE): Bytes {
  return directionTo(fed, handshake).seal(firstOf(fed, handshake));
}

function changed(fed: Fed): readonly Scenario[] {
  const text = messagePlaintext('["CLOSE","a"]', 40);
  const flips = [0, 1, 2, 3, 8, 39, 40, 55].map((index) =>
    fails(fed, `a flipped bit in byte ${index} of a frame`, "frame-auth", (seal) => [
      flipped(seal(text), index, index % 8),
    ]),
  );
  const other = fed === "relay" ? "client" : "relay";
  const elsewhere = (seal: Seal): readonly Bytes[] => [seal(text)];
  return [
    ...flips,
    fails(fed, "a frame repeated", "frame-auth", (seal) => {
      const frame = seal(text);
      return [frame, frame];
    }),
    fails(fed, "frame 0 repeated", "frame-auth", () => [firstFrame(fed)]),
    fails(fed, "frames exchanged, or the first of them lost", "frame-auth", (seal) => {
      seal(text);
      return [seal(text)];
    }),
    fails(fed, "a cover frame lost", "frame-auth", (seal) => {
      seal(plaintext(COVER, EMPTY, 3));
      return [seal(text)];
    }),
    fails(fed, "its own frame sent back", "frame-auth", () => [sealed(other, elsewhere)]),
    fails(fed, "a frame of another session", "frame-auth", () => [
      sealed(fed, elsewhere, OTHER_SESSION),
    ]),
    fails(fed, "the last byte is missing", "frame-auth", (seal) => [seal(text).subarray(0, -1)]),
    fails(fed, "a byte too many", "frame-auth", (seal) => [concat(seal(text), uint(1, 0))]),
    fails(fed, "two frames in one", "frame-auth", (seal) => [concat(seal(text), seal(text))]),
  ];
}

function shapes(fed: Fed): readonly Scenario[] {
  const bad = (name: string, failure: string, ...plaintexts: readonly Bytes[]): Scenario =>
    fails(fed, name, failure, (seal) => plaintexts.map(seal));
  const cover = plaintext(COVER, EMPTY, 3);
  return [
    fails(fed, "an empty message", "frame-size", () => [EMPTY]),
    fails(fed, "15 bytes", "frame-size", () => [new Uint8Array(15)]),
    fails(fed, "65,536 bytes", "frame-size", () => [new Uint8Array(65_536)]),
    bad("an empty plaintext", "frame-length", EMPTY),
    bad("a plaintext of two bytes", "frame-length", uint(2, 0x0100)),
    bad("content that ends beyond the plaintext", "frame-length", header(MESSAGES, 8, "41414141")),
    bad("0x01 without content", "frame-length", plaintext(MESSAGES, EMPTY, 32)),
    bad("the last byte of padding is one", "frame-padding", flipped(messagePlaintext("a", 32), -1)),
    bad("the first byte of padding is one", "frame-padding", flipped(messagePlaintext("a", 32), 8)),
    bad("padding of a cover frame", "frame-padding", flipped(plaintext(COVER, EMPTY, 32), 31)),
    bad("an unknown type with bad padding", "frame-padding", flipped(plaintext(3, EMPTY, 32), -1)),
    bad("type 0x03", "frame-type", plaintext(0x03, EMPTY, 32)),
    bad("type 0xff", "frame-type", plaintext(0xff, stream("a"), 32)),
    bad("cover with content", "frame-cover", plaintext(COVER, uint(1, 0), 32)),
    bad("65 cover frames", "frame-cover", ...Array<Bytes>(65).fill(cover)),
  ];
}

function messages(fed: Fed): readonly Scenario[] {
  const bad = (name: string, failure: string, ...contents: readonly Bytes[]): Scenario =>
    fails(fed, name, failure, (seal) =>
      contents.map((content) => seal(plaintext(MESSAGES, content, 3 + content.length))),
    );
  const above = uint(4, LIMITS[fed] + 1);
  const text = (digits: string): Bytes => {
    const bytes = new Uint8Array(Buffer.from(digits, "hex"));
    return concat(uint(4, bytes.length), bytes);
  };
  return [
    bad("a message of length zero", "message-length", uint(4, 0)),
    bad(
      "a message of length zero after another",
      "message-length",
      concat(stream("a"), uint(4, 0)),
    ),
    bad("a length above the limit, and nothing more", "message-length", above),
    bad(
      "a length above the limit in two pieces",
      "message-length",
      above.subarray(0, 1),
      above.subarray(1),
    ),
    bad("the largest length", "message-length", uint(4, 0xffffffff)),
    bad("a byte that is no UTF-8", "message-utf8", text("22ff22")),
    bad("an overlong form", "message-utf8", text("c0af")),
    bad("a surrogate", "message-utf8", text("eda080")),
    bad("beyond U+10FFFF", "message-utf8", text("f4908080")),
    bad("half a character at the end", "message-utf8", text("22e282")),
    bad(
      "half a character in each of two messages",
      "message-utf8",
      concat(text("e282"), text("ac")),
    ),
    bad(
      "no UTF-8, in two pieces",
      "message-utf8",
      text("22ff22").subarray(0, 5),
      text("22ff22").subarray(5),
    ),
  ];
}

function closes(fed: Fed): readonly Scenario[] {
  const bad = (name: string, content: Bytes): Scenario =>
    fails(fed, `close: ${name}`, "close-frame", (seal) => [seal(plaintext(CLOSE, content, 160))]);
  const close = plaintext(CLOSE, closeContent(1000, ""), 8);
  const inside = (name: string, bytes: Bytes): Scenario =>
    fails(fed, `close: ${name}`, "close-frame", (seal) => [
      seal(plaintext(MESSAGES, bytes, 32)),
      seal(close),
    ]);
  const after = (name: string, next: Bytes): Scenario =>
    fails(fed, name, "after-close", (seal) => [seal(close), seal(next)]);
  return [
    ...[0, 999, 1001, 1006, 4000, 4100, 65_535].map((code) =>
      bad(`code ${code}`, closeContent(code, "")),
    ),
    bad("no content", EMPTY),
    bad("one byte", uint(1, 3)),
    bad("126 bytes", closeContent(1000, "x".repeat(124))),
    bad("a reason that is not UTF-8", concat(uint(2, 1000), uint(1, 0xff))),
    inside("inside a length", uint(2, 0)),
    inside("between a length and its message", uint(4, 8)),
    inside("inside a message", concat(uint(4, 8), utf8("abc"))),
    after("a message after the close frame", messagePlaintext("a", 32)),
    after("cover after the close frame", plaintext(COVER, EMPTY, 3)),
    after("a second close frame", close),
    instead(after("a text after the close frame", close), { text: "[]" }),
    instead(after("an empty message after the close frame", close), ""),
  ];
}

function ends(fed: Fed): readonly Scenario[] {
  const half = concat(uint(4, 8), utf8("abc"));
  const some = (name: string, failure: string, content: Bytes, input: Input): Scenario =>
    instead(
      fails(fed, name, failure, (seal) => [seal(plaintext(MESSAGES, content, 32)), EMPTY]),
      input,
    );
  const number = { n: 2 ** 32, frame: "00".repeat(32) };
  return [
    some("a text message", "not-binary", stream("a"), { text: '["CLOSE","a"]' }),
    some("an empty text message", "not-binary", stream("a"), { text: "" }),
    some("the end without a close frame", "truncated", stream("a"), { end: true }),
    some("the end inside a message", "truncated", half, { end: true }),
    instead(
      fails(fed, "frame number 2^32", "exhausted", () => [EMPTY]),
      number,
    ),
  ];
}

/** The last of the frames must fail, the others must not. */
function fails(
  fed: Fed,
  name: string,
  failure: string,
  build: (seal: Seal) => readonly Bytes[],
): Scenario {
  const direction = directionTo(fed, FIRST_HANDSHAKE);
  direction.seal(firstOf(fed, FIRST_HANDSHAKE));
  const frames = build((whole) => direction.seal(whole)).map(asInput);
  const [input = ""] = frames.slice(-1);
  const accepted = frames.slice(0, -1);
  return { name, class: failure, fed, at: "later", handshake: FIRST_HANDSHAKE, accepted, input };
}

function instead(scenario: Scenario, input: Input): Scenario {
  return { ...scenario, input };
}

/** The last frame that `build` seals in a session of its own. */
function sealed(
  to: Fed,
  build: (seal: Seal) => readonly Bytes[],
  handshake: string = FIRST_HANDSHAKE,
): Bytes {
  const direction = directionTo(to, handshake);
  direction.seal(firstOf(to, handshake));
  return build((whole) => direction.seal(whole)).at(-1) ?? EMPTY;
}

function directionTo(fed: Fed, handshake: string): Direction {
  const { k1, k2 } = handshakeNamed(handshake).result;
  return new Direction(fed === "relay" ? k1 : k2);
}

function firstOf(fed: Fed, handshake: string): Bytes {
  const event = authEvent(handshake);
  if (fed === "relay") return firstPlaintext(authText(event));
  return plaintext(MESSAGES, stream(`["OK","${event.id}",true,""]`));
}

function messagePlaintext(text: string, length: number): Bytes {
  return plaintext(MESSAGES, stream(text), length);
}

function header(type: number, length: number, digits: string): Bytes {
  const content = new Uint8Array(Buffer.from(digits, "hex"));
  return concat(uint(1, type), uint(2, length), content);
}
