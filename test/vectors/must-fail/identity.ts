/** What must fail in frame 0 of either end: the client's claim and the relay's verdict on it. */

import { ADDRESS, addressOf, authEvent, authText, CLIENT, FIRST_HANDSHAKE } from "../frames.ts";
import { handshakeNamed, scalar, TIME } from "../handshake.ts";
import {
  authTemplate,
  type Bytes,
  CLOSE,
  COVER,
  closeContent,
  concat,
  Direction,
  type Event,
  firstPlaintext,
  hex,
  MESSAGES,
  plaintext,
  pub,
  sign,
  stream,
  type Template,
  uint,
} from "../reference.ts";
import { asInput, flipped, type Input, type Scenario } from "./scenario.ts";

const { h, S_R, k1, k2 } = handshakeNamed(FIRST_HANDSHAKE).result;
const OTHER_SESSION = "relay even, client odd, answer odd";
const event = authEvent(FIRST_HANDSHAKE);
const template = authTemplate(h, S_R, ADDRESS, TIME);

export function first(): readonly Scenario[] {
  return [...frames(), ...texts(), ...events(), ...times(), ...verdicts()];
}

/** Frame 0 as a frame. */
function frames(): readonly Scenario[] {
  const claim = stream(authText(event));
  const close = closeContent(1000, "");
  const cut = (length: number): Bytes => plaintext(MESSAGES, claim.subarray(0, length), 1024);
  return [
    claims("a plaintext of 256 bytes", "first-frame", plaintext(MESSAGES, stream('["ANON"]'), 256)),
    claims("a plaintext of 1,023 bytes", "first-frame", plaintext(MESSAGES, claim, 1023)),
    claims("a plaintext of 1,025 bytes", "first-frame", plaintext(MESSAGES, claim, 1025)),
    claims("cover", "first-frame", plaintext(COVER, new Uint8Array(0), 1024)),
    claims("a close frame", "first-frame", plaintext(CLOSE, close, 1024)),
    claims("an unknown type", "frame-type", plaintext(0x03, claim, 1024)),
    claims("no content", "frame-length", plaintext(MESSAGES, new Uint8Array(0), 1024)),
    claims("a message of length zero", "message-length", plaintext(MESSAGES, uint(4, 0), 1024)),
    claims(
      "a length above the limit",
      "message-length",
      plaintext(MESSAGES, uint(4, 524_289), 1024),
    ),
    claims("half a message", "first-frame", cut(500)),
    claims("half a length", "first-frame", cut(2)),
    claims("two messages", "first-frame", firstOf(concat(claim, stream('["REQ","a",{}]')))),
    claims("a message and half a length", "first-frame", firstOf(concat(claim, uint(2, 0)))),
    claims("padding that is not zero", "frame-padding", flipped(firstOf(claim), -1)),
    claims("not UTF-8", "message-utf8", firstOf(concat(uint(4, 1), uint(1, 0xff)))),
    relayFed("a flipped bit", "frame-auth", hex(flipped(seal(k1, firstOf(claim)), 99))),
    relayFed("of another session", "frame-auth", hex(seal(keyOf(OTHER_SESSION), firstOf(claim)))),
    relayFed("sealed with the relay's key", "frame-auth", hex(seal(k2, firstOf(claim)))),
    relayFed("a text message", "not-binary", { text: authText(event) }),
    relayFed("15 bytes", "frame-size", "00".repeat(15)),
  ];
}

/** Frame 0 as a message. */
function texts(): readonly Scenario[] {
  const { sig: _, ...unsigned } = event;
  const wrong: Readonly<Record<string, string>> = {
    "not JSON": '["AUTH"',
    "an object": '{"AUTH":1}',
    REQ: '["REQ","a",{}]',
    EVENT: `["EVENT",${JSON.stringify(event)}]`,
    "AUTH without an event": '["AUTH"]',
    "AUTH with a challenge": `["AUTH","${hex(h)}"]`,
    "AUTH with three elements": `["AUTH",${JSON.stringify(event)},1]`,
    "an event without sig": authText(unsigned as Event),
    "an event whose id is in upper case": authText({ ...event, id: event.id.toUpperCase() }),
    "an event whose kind is text": authText({ ...event, kind: "22242" as unknown as number }),
    "a tag that is no array": authText({ ...event, tags: ["p"] as unknown as Event["tags"] }),
    "ANON with two elements": '["ANON",1]',
    "anon in lower case": '["anon"]',
    "the reserved RESUME": '["RESUME","ticket"]',
  };
  return Object.entries(wrong).map(([name, text]) =>
    claims(name, "first-frame", firstPlaintext(text)),
  );
}

/** The auth event: all are signed by the client and in good shape. */
function events(): readonly Scenario[] {
  const relaySecret = handshakeNamed(FIRST_HANDSHAKE).input.s_R;
  const otherRelay = handshakeNamed("relay odd, client even, answer even").result.S_R;
  const address = (text: string): Template => retagged("relay", ["relay", text]);
  const otherH = handshakeNamed(OTHER_SESSION).result.h;
  const plain = template.tags.slice(0, 2);
  return [
    ...template.tags.flatMap(([name = ""]) => tagged(name)),
    judged("a plain NIP-42 event", signed({ ...template, tags: plain })),
    judged("h of another session", authEvent(OTHER_SESSION)),
    judged(
      "h of another session in its tag alone",
      signed(retagged("challenge", ["challenge", hex(otherH)])),
    ),
    judged("h in upper case", signed(retagged("challenge", ["challenge", hex(h).toUpperCase()]))),
    judged("for another relay", signed(authTemplate(h, otherRelay, addressOf(otherRelay), TIME))),
    judged("p of another relay", signed(retagged("p", ["p", hex(otherRelay)]))),
    judged("an address of another relay", signed(address(addressOf(otherRelay)))),
    judged("an address without npub", signed(address("nostr+ws://relay.example:7447"))),
    judged("an address of the scheme ws", signed(address(ADDRESS.replace("nostr+ws", "ws")))),
    judged("an address that ends after the npub", signed(address(ADDRESS.replace(/@.*/, "")))),
    judged("another transport", signed(retagged("transport", ["transport", "npubwire/2"]))),
    judged("kind 1", signed({ ...template, kind: 1 })),
    judged("kind 27235", signed({ ...template, kind: 27235 })),
    judged("content", signed({ ...template, content: " " })),
    judged("the relay's own key", sign(template, relaySecret, scalar("aux"))),
    judged("a flipped bit in sig", {
      ...event,
      sig: `${event.sig.slice(0, -1)}${event.sig.endsWith("0") ? 1 : 0}`,
    }),
    judged("another pubkey", { ...event, pubkey: hex(pub(scalar("stranger"))) }),
    judged("a pubkey that is no point", { ...event, pubkey: "ff".repeat(32) }),
    judged("an id that is not the event's", { ...event, id: hex(h) }),
    judged("a changed address", { ...event, tags: address(`${ADDRESS}/x`).tags }),
    { ...claims("ANON where a key is required", "auth-event", firstPlaintext('["ANON"]')) },
  ];
}

function tagged(name: string): readonly Scenario[] {
  const own = template.tags.filter((tag) => tag[0] === name);
  const value = own[0]?.[1] ?? "";
  const others = template.tags.filter((tag) => tag[0] !== name);
  const with_ = (...tags: readonly (readonly string[])[]): Event =>
    signed({ ...template, tags: [...others, ...tags] });
  return [
    judged(`no ${name} tag`, with_()),
    judged(`two ${name} tags`, with_([name, value], [name, value])),
    judged(`two ${name} tags, the second another`, with_([name, value], [name, "x"])),
    judged(`a ${name} tag with three elements`, with_([name, value, "x"])),
    judged(`a ${name} tag with one element`, with_([name])),
    judged(`an empty ${name} tag`, with_([name, ""])),
  ];
}

function times(): readonly Scenario[] {
  return [
    { ...judged("601 seconds in the past", event), clock: TIME + 601 },
    { ...judged("601 seconds in the future", event), clock: TIME - 601 },
    judged("created_at 0", signed({ ...template, created_at: 0 })),
  ];
}

/** The relay's first message, fed to a client that has sent the auth event of these vectors. */
function verdicts(): readonly Scenario[] {
  const { id } = event;
  const wrong: Readonly<Record<string, string>> = {
    "of another event": `["OK","${hex(h)}",true,""]`,
    "for ANON": '["OK","",true,""]',
    "an id in upper case": `["OK","${id.toUpperCase()}",true,""]`,
    "accepted is 1": `["OK","${id}",1,""]`,
    "accepted is text": `["OK","${id}","true",""]`,
    "no text": `["OK","${id}",true]`,
    "a text that is none": `["OK","${id}",true,null]`,
    "a NOTICE": '["NOTICE","hello"]',
    "an EOSE": '["EOSE","a"]',
    "a challenge": '["AUTH","challenge"]',
    "ok in lower case": `["ok","${id}",true,""]`,
    "an object": `{"0":"OK","1":"${id}","2":true,"3":""}`,
    "not JSON": `["OK","${id}",true,""`,
  };
  const verdict = (text: string): Input => hex(seal(k2, plaintext(MESSAGES, stream(text))));
  const early = verdict(`["OK","${id}",true,""]`);
  return [
    ...Object.entries(wrong).map(([name, text]) => clientFed(name, "verdict", verdict(text))),
    {
      ...clientFed("sent before the client's first frame", "verdict", early),
      at: "before first",
    },
    clientFed("the end in its place", "truncated", { end: true }),
    clientFed("a text message in its place", "not-binary", { text: `["OK","${id}",true,""]` }),
  ];
}

function retagged(name: string, tag: readonly string[]): Template {
  return { ...template, tags: template.tags.map((own) => (own[0] === name ? tag : own)) };
}

function signed(changed: Template): Event {
  return sign(changed, CLIENT, scalar("aux"));
}

function firstOf(content: Bytes): Bytes {
  return plaintext(MESSAGES, content, 1024);
}

function keyOf(handshake: string): Bytes {
  return handshakeNamed(handshake).result.k1;
}

function seal(key: Bytes, whole: Bytes): Bytes {
  return new Direction(key).seal(whole);
}

function judged(name: string, claimed: Event): Scenario {
  const { input = "" } = claims(name, "auth-event", firstPlaintext(authText(claimed)));
  return { ...relayFed(`auth event: ${name}`, "auth-event", input), event: claimed };
}

function claims(name: string, failure: string, whole: Bytes): Scenario {
  return relayFed(name, failure, asInput(seal(k1, whole)));
}

function relayFed(name: string, failure: string, input: Input): Scenario {
  const named = `first frame: ${name}`;
  return {
    name: named,
    class: failure,
    fed: "relay",
    at: "first",
    handshake: FIRST_HANDSHAKE,
    input,
  };
}

function clientFed(name: string, failure: string, input: Input): Scenario {
  const named = `verdict: ${name}`;
  return {
    name: named,
    class: failure,
    fed: "client",
    at: "first",
    handshake: FIRST_HANDSHAKE,
    input,
  };
}
