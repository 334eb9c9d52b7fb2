/** The code against the vectors, which come from the reference and not from the code. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import { calcPaddedLen, paddedLength } from "../../src/transport/frame.ts";
import { encodeHello, parseHello } from "../../src/transport/hello.ts";
import { CipherState } from "../../src/transport/noise.ts";
import { initiate, respond, Session, type SessionEvent } from "../../src/transport/session.ts";
import { vectorFiles } from "../vectors/files.ts";
import { expand } from "../vectors/frames.ts";
import { utf8 } from "../vectors/reference.ts";
import { readVectors } from "../vectors.ts";
import { bytes, goodOffer, hex, nodeCrypto, withEphemeral } from "./sessions.ts";

interface HandshakeVector {
  readonly name: string;
  readonly s_R: string;
  readonly S_R: string;
  readonly e_C: string;
  readonly e_R: string;
  readonly offer: string;
  readonly prologue: string;
  readonly hello: string;
  readonly hello_length: number;
  readonly es: string;
  readonly ee: string;
  readonly steps: readonly { readonly h: string; readonly ck: string; readonly k: string | null }[];
  readonly message1: string;
  readonly message2: string;
  readonly h: string;
  readonly k1: string;
  readonly k2: string;
}

type Brief = string | { readonly length: number; readonly sha256: string };

interface Step {
  readonly from: "client" | "relay";
  readonly says?: {
    readonly messages?: readonly Parameters<typeof expand>[0][];
    readonly cover?: true;
    readonly close?: { readonly code: number; readonly reason: string };
  };
  readonly fill?: Fill;
  readonly exact?: boolean;
  readonly frames?: readonly FrameEntry[];
}

interface Fill {
  readonly first: number;
  readonly last: number;
  readonly text: string;
  readonly sha256: string;
}

interface FrameEntry {
  readonly n: number;
  readonly type: number;
  readonly content: Brief;
  readonly plaintext: Brief;
  readonly frame: Brief;
}

interface FramesFile {
  readonly auth: { readonly text: string };
  readonly sessions: readonly {
    readonly handshake: string;
    readonly k1: string;
    readonly k2: string;
    readonly steps: readonly Step[];
  }[];
  readonly padding: readonly (readonly [number, number, number])[];
}

const { vectors }: { vectors: readonly HandshakeVector[] } = JSON.parse(
  readVectors("handshake.json"),
);
const frames: FramesFile = JSON.parse(readVectors("frames.json"));
const EMPTY = new Uint8Array(0);
const DEFAULT_NAMES = hex(utf8("npubwire/1\0npubwire.1"));
const OWN_NAMES = vectors.filter(({ offer }) => offer.startsWith("npubwire.1, npubwire.1."));

describe("the vector files", () => {
  for (const [name, text] of vectorFiles()) {
    it(`${name} is what the generator writes`, () => assert.equal(readVectors(name), text));
  }
});

for (const crypto of [nobleCrypto, createNodeCrypto(), createNodeCrypto({ ecdh: "openssl" })]) {
  describe(`handshake.json with the ${crypto.name} provider`, () => {
    for (const vector of vectors) {
      it(`relay: ${vector.name}`, () => runRelay(vector, crypto));
      if (OWN_NAMES.includes(vector)) it(`client: ${vector.name}`, () => runClient(vector, crypto));
    }
  });
}

describe("frames.json", () => {
  for (const { handshake, k1, k2, steps } of frames.sessions) {
    it(`a session after ${handshake}`, () => runSession(bytes(k1), bytes(k2), steps));
  }

  it("padding", () => {
    for (const [content, padded, plaintext] of frames.padding) {
      assert.equal(calcPaddedLen(3 + content), padded);
      assert.equal(paddedLength(content), plaintext);
    }
  });
});

function runRelay(vector: HandshakeVector, crypto: CryptoProvider): void {
  const record = recorded(withEphemeral(crypto, bytes(vector.e_R)));
  const offer = goodOffer(vector.offer);
  assert.equal(hex(offer.prologue), vector.prologue);
  assert.equal(hex(offer.message1), vector.message1);
  const relay = { secretKey: bytes(vector.s_R), publicKey: bytes(vector.S_R) };
  assert.deepEqual(crypto.secp256k1x.publicKey(relay.secretKey), relay.publicKey);
  const hello = parseHello(utf8(paddedHello(vector)));
  const { message2, session } = respond(offer, relay, hello, record.crypto);
  // A hello in another spelling than ours is for clients alone; what comes before it is not.
  assert.equal(hex(message2.subarray(0, 32)), vector.message2.slice(0, 64));
  if (hex(encodeHello(hello)) !== hex(utf8(paddedHello(vector)))) return;
  assert.equal(hex(message2), vector.message2);
  assert.equal(hex(session.handshakeHash), vector.h);
  record.compare(vector);
}

function runClient(vector: HandshakeVector, crypto: CryptoProvider): void {
  assert.equal(vector.prologue, DEFAULT_NAMES);
  const record = recorded(withEphemeral(crypto, bytes(vector.e_C)));
  const initiation = initiate(vector.S_R as PublicKey, record.crypto);
  assert.equal(initiation.protocols.join(", "), vector.offer);
  const { hello, session } = initiation.readMessage2(bytes(vector.message2), 1024);
  const { auth, max_message, time } = JSON.parse(vector.hello);
  assert.deepEqual(hello, {
    auth: auth === "optional" ? "optional" : "required",
    maxMessage: max_message,
    time,
  });
  assert.equal(hex(session.handshakeHash), vector.h);
  record.compare(vector);
}

function paddedHello({ hello, hello_length }: HandshakeVector): string {
  return hello + " ".repeat(hello_length - utf8(hello).length);
}

/** Watches every value that the handshake derives. */
function recorded(crypto: CryptoProvider): {
  readonly crypto: CryptoProvider;
  compare(vector: HandshakeVector): void;
} {
  const hashes: string[] = [];
  const derived: string[] = [];
  const shared: string[] = [];
  const group = crypto.secp256k1x;
  return {
    crypto: {
      ...crypto,
      sha256(data) {
        const hash = crypto.sha256(data);
        hashes.push(hex(hash));
        return hash;
      },
      hkdfSha256(salt, inputKey, info, length) {
        const output = crypto.hkdfSha256(salt, inputKey, info, length);
        derived.push(hex(output));
        return output;
      },
      secp256k1x: {
        ...group,
        dh(secretKey, publicKey) {
          const x = group.dh(secretKey, publicKey);
          shared.push(hex(x));
          return x;
        },
      },
    },
    compare({ steps, es, ee, k1, k2 }) {
      const changes = <T>(values: readonly T[]): readonly T[] =>
        values.filter((value, index) => value !== values[index - 1]);
      assert.deepEqual(hashes, changes(steps.map(({ h }) => h)));
      const keys = changes(steps.map(({ ck, k }) => (k === null ? "" : ck + k))).slice(1);
      assert.deepEqual(derived, [...keys, k1 + k2]);
      assert.deepEqual(shared, [es, ee]);
    },
  };
}

/** Every frame is made, held against the file, and opened by the other end. */
function runSession(k1: Uint8Array, k2: Uint8Array, steps: readonly Step[]): void {
  const [client, relay] = [end("initiator", k1, k2), end("responder", k2, k1)];
  const numbers = { client: 0, relay: 0 };
  for (const step of steps) {
    const [from, to] = step.from === "client" ? [client, relay] : [relay, client];
    if (step.fill) {
      const sealed = fill(from.session, step.fill);
      assert.equal(sealed.flatMap((frame) => to.session.open(frame)).length, sealed.length);
      numbers[step.from] += sealed.length;
      continue;
    }
    const entries = step.frames ?? [];
    for (const { n } of entries) assert.equal(n, numbers[step.from]++);
    const isFirst = step.from === "client" && entries[0]?.n === 0;
    const sealed = step.exact
      ? seal(from.session, step, isFirst)
      : entries.map((entry) => from.send.encryptWithAd(EMPTY, wholePlaintext(entry)));
    assert.deepEqual(
      sealed.map(brief),
      entries.map(({ frame }) => frame),
    );
    const events = sealed.flatMap((frame): readonly SessionEvent[] =>
      isFirst ? [{ type: "message", text: to.session.openFirst(frame) }] : to.session.open(frame),
    );
    assert.deepEqual(events, eventsOf(step));
  }
}

function end(role: Session["role"], sendKey: Uint8Array, receiveKey: Uint8Array) {
  const send = new CipherState(nodeCrypto, sendKey);
  const receive = new CipherState(nodeCrypto, receiveKey);
  const parts = { send, receive, handshakeHash: new Uint8Array(32), maxMessage: 2 ** 20 };
  return { send, session: new Session(role, parts) };
}

function fill(session: Session, { first, last, text, sha256 }: Fill): readonly Uint8Array[] {
  const hash = createHash("sha256");
  const sealed = Array.from({ length: last - first + 1 }, (_, index) =>
    session.sealMessages([text.replace("<n>", String(first + index))]),
  ).flat();
  for (const frame of sealed) hash.update(frame);
  assert.equal(hash.digest("hex"), sha256);
  return sealed;
}

function seal(session: Session, { says }: Step, isFirst: boolean): readonly Uint8Array[] {
  if (says?.close) return session.sealClose(says.close.code, says.close.reason);
  if (says?.cover) return session.sealCover();
  const texts = says?.messages?.map(expand) ?? [];
  return isFirst ? [session.sealFirst(texts[0] ?? "")] : session.sealMessages(texts);
}

function eventsOf({ says }: Step): readonly SessionEvent[] {
  if (says?.close) return [{ type: "close", ...says.close }];
  return says?.messages?.map((text) => ({ type: "message", text: expand(text) })) ?? [];
}

/** The plaintext of an entry whose content is spelled out, though its padding may not be. */
function wholePlaintext({ type, content, plaintext }: FrameEntry): Uint8Array {
  if (typeof plaintext === "string") return bytes(plaintext);
  assert.ok(typeof content === "string");
  const whole = new Uint8Array(plaintext.length);
  whole.set([type, content.length >> 9, (content.length >> 1) & 0xff]);
  whole.set(bytes(content), 3);
  return whole;
}

function brief(frame: Uint8Array): Brief {
  if (frame.length <= 2048) return hex(frame);
  return { length: frame.length, sha256: createHash("sha256").update(frame).digest("hex") };
}
