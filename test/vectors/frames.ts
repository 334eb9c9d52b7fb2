/** What `frames.json` holds: sessions frame by frame, an auth event, and the padding table. */

import { npubEncode } from "nostr-tools/nip19";
import { handshakeNamed, scalar, TIME } from "./handshake.ts";
import {
  authTemplate,
  type Bytes,
  CLOSE,
  COVER,
  calc_padded_len,
  closeContent,
  concat,
  Direction,
  type Event,
  HASH,
  hex,
  MESSAGES,
  plaintext,
  plaintext_length,
  sign,
  stream,
} from "./reference.ts";

export const FIRST_HANDSHAKE = "relay even, client even, answer even";

/** How the relay of that handshake was dialled, and of all others with the same key. */
export const ADDRESS: string = addressOf(handshakeNamed(FIRST_HANDSHAKE).result.S_R);
/** The client's signing key. */
export const CLIENT: Bytes = scalar("client");

const DESCRIPTION = {
  about:
    "Sessions frame by frame (SPEC, sections 6 and 7). Bytes are hex. 'handshake' names the case of handshake.json that gave k1, k2 and h.",
  auth: "The auth event of the first session: the client's secret scalar, the auxiliary randomness of its BIP-340 signature (32 bytes), the event, and the text that frame 0 carries.",
  steps: "What each end does, in an order that was possible.",
  from: "Who seals: client (k1) or relay (k2).",
  says: "messages (texts), cover, or close (code and reason). A text is a string or {repeat, times}.",
  frames:
    "The frames of the step: n, content, the whole plaintext, and the frame. Bytes that would be more than 2,048 are given as {length, sha256}.",
  fill: "Frames that are not spelled out, first to last: each carries one message, 'text' with n in place of <n>, padded as 6.2 says; sha256 is of all these frames put together.",
  exact:
    "Whether a sender that fills its frames and pads no more than it must makes just these bytes; otherwise only receivers are tested.",
  padding: "Rows of: content length L, calc_padded_len(3 + L), plaintext_length(L).",
};

type Text = string | { readonly repeat: string; readonly times: number };

interface FrameEntry {
  readonly type: number;
  readonly content: Bytes;
  readonly length?: number;
}

/** The auth event of a session, with fixed auxiliary randomness. */
export function authEvent(handshake: string, aux: Bytes = scalar("aux")): Event {
  const { h, S_R } = handshakeNamed(handshake).result;
  return sign(authTemplate(h, S_R, ADDRESS, TIME), CLIENT, aux);
}

export function framesFile(): Readonly<Record<string, unknown>> {
  const event = authEvent(FIRST_HANDSHAKE);
  const auth = { secret: hex(CLIENT), aux: hex(scalar("aux")), event, text: authText(event) };
  const sessions = [numbers(event), streams()];
  return { description: DESCRIPTION, auth, sessions, padding: paddingTable() };
}

export function addressOf(S_R: Bytes): string {
  return `nostr+ws://${npubEncode(hex(S_R))}@relay.example:7447`;
}

export function authText(event: Event): string {
  return `["AUTH",${JSON.stringify(event)}]`;
}

/** Counters and keys: the two directions run far apart. */
function numbers(event: Event): unknown {
  const { client, relay, ...session } = begin(FIRST_HANDSHAKE);
  const steps = [
    client.says([authText(event)], [{ ...messages([authText(event)]), length: 1024 }]),
    relay.says([`["OK","${event.id}",true,""]`]),
    client.fill(1021),
    client.says(["n = 1022"]),
    client.says(["n = 1023, the last under the first key"]),
    client.says(["n = 1024, the first under the second key"]),
    client.says(["n = 1025"]),
    relay.fill(1021),
    relay.says(["n = 1022"]),
    client.fill(1022),
    client.says(["n = 2048, the first under the third key"]),
    relay.says(["n = 1023"]),
    relay.says(["n = 1024"]),
    relay.says(["n = 1025"]),
  ];
  return { ...session, steps };
}

/** The stream of messages, cut in every way; cover; close. */
function streams(): unknown {
  const { client, relay, ...session } = begin("anonymous clients");
  const three = ['["REQ","a",{}]', '["REQ","b",{"kinds":[1]}]', '["CLOSE","a"]'];
  const euro = stream('["CLOSE","€"]');
  const long: Text = { repeat: "0123456789äöü日本😀", times: 5000 };
  const longest: Text = { repeat: "x", times: 65_512 };
  const steps = [
    client.says(['["ANON"]'], [{ ...messages(['["ANON"]']), length: 1024 }]),
    relay.says(['["OK","",true,""]']),
    client.says(three),
    client.says(["\ufeffa byte order mark is kept, and so is \u0000"]),
    client.cut("a length cut after each byte", '["CLOSE","b"]', [1, 2, 3, 4]),
    client.cut("a character cut after each byte", '["CLOSE","€"]', [
      euro.length - 4,
      euro.length - 3,
    ]),
    client.says(["no padding at all"], [{ ...messages(["no padding at all"]), length: 24 }]),
    client.says(
      ["all the padding there is"],
      [{ ...messages(["all the padding there is"]), length: 65_519 }],
    ),
    relay.says(three),
    relay.says([long]),
    relay.says([longest]),
    relay.says([{ repeat: "x", times: 65_513 }]),
    relay.cover(),
    client.cover(),
    relay.says(["one", long, "two"]),
    client.close(4099, "Grüße"),
    relay.close(4099, ""),
  ];
  return { ...session, steps };
}

function begin(handshake: string) {
  const { k1, k2, h } = handshakeNamed(handshake).result;
  const client = new Script("client", new Direction(k1));
  const relay = new Script("relay", new Direction(k2));
  return { handshake, k1: hex(k1), k2: hex(k2), h: hex(h), client, relay };
}

/** One end of a session that is written down while it talks. */
class Script {
  readonly #from: string;
  readonly #direction: Direction;

  constructor(from: string, direction: Direction) {
    this.#from = from;
    this.#direction = direction;
  }

  says(texts: readonly Text[], entries?: readonly FrameEntry[]): unknown {
    const filled = pieces(stream(...texts.map(expand)), 65_516).map((content) => ({
      type: MESSAGES,
      content,
    }));
    const exact = entries === undefined || entries[0]?.length === 1024;
    return this.#step({ messages: texts }, exact, entries ?? filled);
  }

  /** One message over several frames, with a cover frame between any two. */
  cut(note: string, text: string, cuts: readonly number[]): unknown {
    const bytes = stream(text);
    const edges = [0, ...cuts, bytes.length];
    const entries = cuts.flatMap((cut, index) => [
      { type: MESSAGES, content: bytes.subarray(edges[index], cut) },
      { type: COVER, content: new Uint8Array(0) },
    ]);
    const last = { type: MESSAGES, content: bytes.subarray(cuts.at(-1)) };
    return this.#step({ messages: [text], note }, false, [...entries, last]);
  }

  cover(): unknown {
    return this.#step({ cover: true }, true, [{ type: COVER, content: new Uint8Array(0) }]);
  }

  close(code: number, reason: string): unknown {
    const entry = { type: CLOSE, content: closeContent(code, reason) };
    return this.#step({ close: { code, reason } }, true, [entry]);
  }

  fill(count: number): unknown {
    const first = this.#direction.n;
    const frames = Array.from({ length: count }, (_, index) =>
      this.#direction.seal(plaintext(MESSAGES, stream(`["CLOSE","${first + index}"]`))),
    );
    const last = this.#direction.n - 1;
    const sha256 = hex(HASH(concat(...frames)));
    return { from: this.#from, fill: { first, last, text: '["CLOSE","<n>"]', sha256 } };
  }

  #step(says: unknown, exact: boolean, entries: readonly FrameEntry[]): unknown {
    const frames = entries.map(({ type, content, length }) => {
      const whole = plaintext(type, content, length);
      const { n } = this.#direction;
      const frame = brief(this.#direction.seal(whole));
      return { n, type, content: brief(content), plaintext: brief(whole), frame };
    });
    return { from: this.#from, says, exact, frames };
  }
}

function messages(texts: readonly string[]): FrameEntry {
  return { type: MESSAGES, content: stream(...texts) };
}

function pieces(bytes: Bytes, length: number): readonly Bytes[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

/** The text that a vector means. */
export function expand(text: Text): string {
  return typeof text === "string" ? text : text.repeat.repeat(text.times);
}

/** Hex, or length and hash where that would be long. */
function brief(bytes: Bytes): unknown {
  if (bytes.length <= 2048) return hex(bytes);
  return { length: bytes.length, sha256: hex(HASH(bytes)) };
}

function paddingTable(): unknown {
  const lengths = [
    0, 1, 29, 30, 125, 252, 253, 254, 317, 318, 509, 510, 1000, 1021, 1022, 4093, 4094,
  ];
  const large = [8189, 8190, 32_765, 32_766, 57_341, 57_342, 57_343, 65_516];
  return [...lengths, ...large].map((L) => [L, calc_padded_len(3 + L), plaintext_length(L)]);
}
