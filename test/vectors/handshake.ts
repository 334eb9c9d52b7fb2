/** What `handshake.json` holds: whole handshakes with fixed scalars, made by the reference. */

import {
  type Bytes,
  HASH,
  type Handshake,
  type HandshakeInput,
  handshake,
  hello,
  hex,
  isOdd,
  utf8,
} from "./reference.ts";

/** The hello's time in all vectors, and the clock of both ends. */
export const TIME = 1_770_000_000;

export const HELLO: string = `{"auth":"required","max_message":524288,"time":${TIME}}`;
export const OPEN_HELLO: string = `{"auth":"optional","max_message":1024,"time":${TIME}}`;

const OFFER = "npubwire.1, npubwire.1.TOKEN";

const DESCRIPTION = {
  about:
    "Whole handshakes (SPEC, section 3.5). Bytes are hex. Every secret is the SHA-256 of the ASCII text 'npubwire ' + name + ' ' + number, with the first number from 0 that gives the parity.",
  name: "What the case is; 'relay odd' means that s_R·G has an odd y. Other files refer to it.",
  "s_R, e_C, e_R": "The scalars of the relay key, the client's and the relay's ephemeral key.",
  "S_R, E_C, E_R": "Their public keys.",
  offer: "The value of Sec-WebSocket-Protocol, token included.",
  prologue: "Section 4.2.",
  hello: "The plaintext of message 2, as text, without the spaces at its end.",
  hello_length: "Its length in bytes with the spaces.",
  "es, ee": "DH(e_C, S_R) = DH(s_R, E_C), and DH(e_C, E_R) = DH(e_R, E_C).",
  steps: "The state after each step; k is null where there is none yet. Both ends agree on all.",
  token: "base64url of message 1.",
  "h, k1, k2": "After Split: the channel binding, the client's and the relay's frame key.",
};

export interface HandshakeCase {
  readonly name: string;
  readonly input: HandshakeInput;
  readonly hello: string;
  readonly result: Handshake;
}

/** Every handshake of the file, by name. */
export const handshakes: ReadonlyMap<string, HandshakeCase> = new Map(
  [
    ...parities().map((odd) => parityCase(odd)),
    offerCase("token first", "npubwire.1.TOKEN, npubwire.1"),
    offerCase("no white space", "npubwire.1,npubwire.1.TOKEN"),
    offerCase("tabs and spaces", " npubwire.1 \t,\t npubwire.1.TOKEN "),
    offerCase(
      "other names",
      "npubwire.1-mlkem768, nostr, npubwire.1.TOKEN, npubwire.1, NPUBWIRE.1",
    ),
    helloCase("anonymous clients", OPEN_HELLO),
    helloCase(
      "unknown keys in a hello of 512 bytes",
      `{"software":"${"é".repeat(100)}","auth":"perhaps","time":0,"max_message":6.7108864e7}`,
    ),
  ].map((entry) => [entry.name, entry]),
);

export function handshakeNamed(name: string): HandshakeCase {
  const found = handshakes.get(name);
  if (!found) throw new Error(`no handshake is called ${name}`);
  return found;
}

export function handshakeFile(): Readonly<Record<string, unknown>> {
  const vectors = [...handshakes.values()].map(({ name, input, hello: text, result }) => ({
    name,
    ...hexed({ s_R: input.s_R, e_C: input.e_C, e_R: input.e_R }),
    ...hexed({ S_R: result.S_R, E_C: result.E_C, E_R: result.E_R }),
    offer: result.offer,
    ...hexed({ prologue: result.prologue }),
    hello: text,
    hello_length: input.hello.length,
    ...hexed({ es: result.es, ee: result.ee }),
    steps: result.steps,
    token: result.token,
    ...hexed({ message1: result.message1, message2: result.message2 }),
    ...hexed({ h: result.h, k1: result.k1, k2: result.k2 }),
  }));
  return { description: DESCRIPTION, vectors };
}

/** A scalar of the wanted parity, the same on every run. */
export function scalar(name: string, odd = false): Bytes {
  for (let number = 0; ; number++) {
    const candidate = HASH(utf8(`npubwire ${name} ${number}`));
    if (isOdd(candidate) === odd) return candidate;
  }
}

interface Parities {
  readonly relay: boolean;
  readonly client: boolean;
  readonly answer: boolean;
}

function parities(): readonly Parities[] {
  const both = [false, true];
  return both.flatMap((relay) =>
    both.flatMap((client) => both.map((answer) => ({ relay, client, answer }))),
  );
}

function parityCase({ relay, client, answer }: Parities): HandshakeCase {
  const word = (odd: boolean): string => (odd ? "odd" : "even");
  const name = `relay ${word(relay)}, client ${word(client)}, answer ${word(answer)}`;
  return makeCase(name, OFFER, HELLO, {
    s_R: scalar("relay", relay),
    e_C: scalar("client ephemeral", client),
    e_R: scalar("relay ephemeral", answer),
  });
}

function offerCase(name: string, offer: string): HandshakeCase {
  return makeCase(name, offer, HELLO, ownScalars(name));
}

function helloCase(name: string, text: string): HandshakeCase {
  return makeCase(name, OFFER, text, ownScalars(name));
}

function ownScalars(name: string): Pick<HandshakeInput, "s_R" | "e_C" | "e_R"> {
  return { s_R: scalar("relay"), e_C: scalar(`${name}: e_C`), e_R: scalar(`${name}: e_R`) };
}

function makeCase(
  name: string,
  offer: string,
  text: string,
  scalars: Pick<HandshakeInput, "s_R" | "e_C" | "e_R">,
): HandshakeCase {
  const input = { ...scalars, offer, hello: hello(text) };
  return { name, input, hello: text, result: handshake(input) };
}

function hexed(fields: Readonly<Record<string, Bytes>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, bytes]) => [name, hex(bytes)]));
}
