/** What must fail before the first frame: offers, message 1, message 2 and the hello. */

import { FIRST_HANDSHAKE } from "../frames.ts";
import { handshakeNamed, TIME } from "../handshake.ts";
import {
  type Bytes,
  concat,
  HASH,
  type Handshake,
  handshake,
  hello,
  hex,
  isPoint,
  uint,
  utf8,
} from "../reference.ts";
import { flipped, type Input, type Scenario } from "./scenario.ts";

const P = 2n ** 256n - 2n ** 32n - 977n;
const OTHER_RELAY = "relay odd, client even, answer even";
const OTHER_SESSION = "relay even, client odd, answer odd";

const base = handshakeNamed(FIRST_HANDSHAKE);
const { message1, message2, token } = base.result;

export function opening(): readonly Scenario[] {
  return [...offers(), ...message1s(), ...message2s(), ...hellos(), ...clocks()];
}

function offers(): readonly Scenario[] {
  const good = `npubwire.1, npubwire.1.${token}`;
  const second = handshakeNamed(OTHER_SESSION).result.token;
  const malformed: Readonly<Record<string, string>> = {
    "no token": "npubwire.1",
    "an empty token": "npubwire.1, npubwire.1.",
    "two tokens": `${good}, npubwire.1.${second}`,
    "a second token, of an unknown suite": `${good}, npubwire.2.abc`,
    "the token twice": `${good}, npubwire.1.${token}`,
    "a name twice": `npubwire.1, nostr, npubwire.1.${token}, nostr`,
    "the suite twice": `npubwire.1, npubwire.1, npubwire.1.${token}`,
    "the token alone": `npubwire.1.${token}`,
    "the suite is not among the names": `nostr, npubwire.1.${token}`,
    "a token of 63 characters": `npubwire.1, npubwire.1.${token.slice(1)}`,
    "a token of 65 characters": `npubwire.1, npubwire.1.${token}A`,
    "base64 with +": `npubwire.1, npubwire.1.+${token.slice(1)}`,
    "base64 with /": `npubwire.1, npubwire.1./${token.slice(1)}`,
    "base64 with padding": `npubwire.1, npubwire.1.${token.slice(2)}==`,
    "an empty entry": `${good}, `,
    "an entry that is no token": `${good}, a b`,
    "separated by a semicolon": `npubwire.1; npubwire.1.${token}`,
    "an unknown suite": `npubwire.2, npubwire.2.${token}`,
    "a reserved suite": `npubwire.1-mlkem768, npubwire.1-mlkem768.${token}`,
  };
  return Object.entries(malformed).map(([name, offer]) => toRelay(name, "offer", offer));
}

function message1s(): readonly Scenario[] {
  const flips = [0, 31, 32, 47].map((index) => {
    const changed = flipped(message1, index);
    return offered(`a flipped bit in byte ${index} of message 1`, changed);
  });
  const points = badPoints().map(([name, x]) =>
    offered(`E_C: ${name}`, concat(x, new Uint8Array(16))),
  );
  const others = handshakeNamed("other names").result;
  const names = "npubwire.1-mlkem768, nostr, ";
  return [
    ...flips,
    ...points,
    toRelay("made for another relay", "wrong-relay", handshakeNamed(OTHER_RELAY).result.offer),
    toRelay("a name was added", "wrong-relay", `${base.result.offer}, nostr`),
    {
      ...toRelay(
        "a stronger suite was struck out",
        "wrong-relay",
        others.offer.replace(names, "nostr, "),
      ),
      handshake: "other names",
    },
    {
      ...toRelay(
        "the names were reordered",
        "wrong-relay",
        others.offer.replace(names, "nostr, npubwire.1-mlkem768, "),
      ),
      handshake: "other names",
    },
    {
      ...toRelay(
        "the case of a name was changed",
        "wrong-relay",
        others.offer.replace(" nostr,", " Nostr,"),
      ),
      handshake: "other names",
    },
  ];
}

function message2s(): readonly Scenario[] {
  const flips = [0, 31, 32, -17, -16, -1].map((index) =>
    answered(`a flipped bit in byte ${index} of message 2`, flipped(message2, index)),
  );
  const points = badPoints().map(([name, x]) =>
    answered(`E_R: ${name}`, concat(x, message2.subarray(32))),
  );
  const wrong: Readonly<Record<string, Bytes>> = {
    empty: new Uint8Array(0),
    "47 bytes": message2.subarray(0, 47),
    "the last byte is missing": message2.subarray(0, -1),
    "a byte too many": concat(message2, uint(1, 0)),
    "message 2 of another relay": handshakeNamed(OTHER_RELAY).result.message2,
    "message 2 of another session": handshakeNamed(OTHER_SESSION).result.message2,
    "message 1 sent back": message1,
  };
  return [
    ...flips,
    ...points,
    ...Object.entries(wrong).map(([name, bytes]) => answered(name, bytes)),
    toClient("a text message in place of message 2", "wrong-relay", {
      text: '["AUTH","challenge"]',
    }),
    { ...toClient("no subprotocol", "wrong-relay", hex(message2)), subprotocol: "" },
    { ...toClient("another subprotocol", "wrong-relay", hex(message2)), subprotocol: "nostr" },
  ];
}

function hellos(): readonly Scenario[] {
  const json = (members: string): Bytes => hello(`{${members}}`);
  const good = `"auth":"required","max_message":524288,"time":${TIME}`;
  const spaces = (length: number): Bytes => utf8(`{${good}}`.padEnd(length));
  const time = (value: string): Bytes => json(`"max_message":524288,"time":${value}`);
  const max = (value: string): Bytes => json(`"max_message":${value},"time":${TIME}`);
  const wrong: Readonly<Record<string, Bytes>> = {
    "no payload": new Uint8Array(0),
    "255 bytes": spaces(255),
    "257 bytes": spaces(257),
    "4,352 bytes": spaces(4352),
    "spaces alone": hello(" "),
    "not JSON": hello("npubwire"),
    "padded with zero bytes": concat(utf8(`{${good}}`), new Uint8Array(256 - `{${good}}`.length)),
    "a byte order mark": hello(`\ufeff{${good}}`),
    "an array": hello("[]"),
    null: hello("null"),
    "a text": hello('"hello"'),
    "two objects": hello(`{${good}}{}`),
    "not UTF-8": flipped(hello(`{${good},"x":"?"}`), `{${good},"x":"`.length, 7),
    "no max_message": json(`"time":${TIME}`),
    "max_message 1,023": max("1023"),
    "max_message above 64 MiB": max("67108865"),
    "max_message with a fraction": max("1024.5"),
    "max_message as text": max('"524288"'),
    "max_message null": max("null"),
    "no time": json('"max_message":524288'),
    "time -1": time("-1"),
    "time above 2^40": time("1099511627777"),
    "time with a fraction": time(`${TIME}.5`),
    "time as text": time(`"${TIME}"`),
    "time true": time("true"),
  };
  return Object.entries(wrong).map(([name, payload]) =>
    toClient(`hello: ${name}`, "hello", hex(saying(payload).message2)),
  );
}

function clocks(): readonly Scenario[] {
  return [TIME - 86_401, TIME + 86_401].map((clock) => ({
    ...toClient(`the clocks are ${TIME - clock} seconds apart`, "clock", hex(message2)),
    clock,
  }));
}

/** The first handshake with another payload in message 2. */
function saying(payload: Bytes): Handshake {
  return handshake({ ...base.input, hello: payload });
}

function badPoints(): readonly (readonly [string, Bytes])[] {
  return [
    ["zero", uint(32, 0)],
    ["below p, not on the curve", notOnTheCurve()],
    ["p", uint(32, P)],
    ["p + 1, of which the remainder is on the curve", uint(32, P + 1n)],
    ["2^256 - 1", uint(32, 2n ** 256n - 1n)],
  ];
}

function notOnTheCurve(): Bytes {
  let x = HASH(utf8("npubwire"));
  while (isPoint(x)) x = HASH(x);
  return x;
}

/** Fails as a point if its first 32 bytes are none. */
function offered(name: string, changed: Bytes): Scenario {
  const text = Buffer.from(changed).toString("base64url");
  return toRelay(name, classOf(changed), `npubwire.1, npubwire.1.${text}`);
}

function answered(name: string, changed: Bytes): Scenario {
  return toClient(name, classOf(changed), hex(changed));
}

function classOf(message: Bytes): string {
  if (message.length < 48) return "wrong-relay";
  return isPoint(message.subarray(0, 32)) ? "wrong-relay" : "point";
}

function toRelay(name: string, failure: string, offer: string): Scenario {
  return { name, class: failure, fed: "relay", at: "opening", handshake: FIRST_HANDSHAKE, offer };
}

function toClient(name: string, failure: string, input: Input): Scenario {
  return { name, class: failure, fed: "client", at: "opening", handshake: FIRST_HANDSHAKE, input };
}
