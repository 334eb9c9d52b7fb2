/** The session and the primitives by themselves, per provider, without sockets. */

import { nobleCrypto } from "../../../src/crypto/noble.ts";
import { createNodeCrypto, type NodeCryptoOptions } from "../../../src/crypto/node.ts";
import type { CryptoProvider } from "../../../src/crypto.ts";
import { publicKeyFromBytes } from "../../../src/nostr/key.ts";
import { DEFAULT_RELAY_MAX_MESSAGE } from "../../../src/transport/constants.ts";
import { readOffer } from "../../../src/transport/offer.ts";
import { initiate, respond, type Session } from "../../../src/transport/session.ts";
import { payloadOf } from "../peers/answer.ts";
import type { Case, OpenSuite, Suite } from "../suite.ts";

const BATCH = 64;

/** What one call of `sealMessages` gets. */
const TEXTS: readonly (readonly [label: string, texts: readonly string[]])[] = [
  ["300 B", [payloadOf(300)]],
  ["4 KB", [payloadOf(4096)]],
  [`${BATCH} × 300 B`, Array.from({ length: BATCH }, () => payloadOf(300))],
];

export const seal: Suite = {
  name: "seal",
  title: "Sealing, opening and the primitives, in one process",
  milliseconds: 150,
  warmUp: 50,
  async open(): Promise<OpenSuite> {
    const providers = [provider({}), provider({ ecdh: "openssl" }), nobleCrypto];
    const distinct = providers.filter(
      ({ name }, index) => providers.findIndex((other) => other.name === name) === index,
    );
    const cases = distinct.flatMap((crypto) => [...frameCases(crypto), ...curveCases(crypto)]);
    return {
      cases,
      notes: ["peer: none; open gets frames that were sealed before the clock starts"],
      async close() {},
    };
  },
};

function provider(options: NodeCryptoOptions): CryptoProvider {
  return createNodeCrypto(options);
}

function frameCases(crypto: CryptoProvider): readonly Case[] {
  return TEXTS.flatMap(([label, texts]) => {
    const [client, relay] = sessionPair(crypto);
    let frames: Uint8Array[] = [];
    return [
      {
        ...inProcess(crypto, `seal ${label}`, "call"),
        async run(milliseconds) {
          // Nobody opens these, so they come from the other end than those below.
          return { operations: repeat(milliseconds, () => relay.sealMessages(texts)) };
        },
      },
      {
        ...inProcess(crypto, `open ${label}`, "frame"),
        prepare(milliseconds) {
          frames = [];
          repeat(milliseconds, () => frames.push(...client.sealMessages(texts)));
        },
        async run() {
          for (const frame of frames) relay.open(frame);
          return { operations: frames.length };
        },
      },
    ];
  });
}

function curveCases(crypto: CryptoProvider): readonly Case[] {
  const { secretKey, publicKey } = crypto.secp256k1x.generateKeyPair();
  const message = crypto.randomBytes(32);
  const signature = crypto.signSchnorr(message, secretKey);
  const timed = (row: string, run: () => void): Case => ({
    ...inProcess(crypto, row, "call"),
    run: async (milliseconds) => ({ operations: repeat(milliseconds, run) }),
  });
  return [
    timed("BIP-340 verify", () => crypto.verifySchnorr(signature, message, publicKey)),
    timed("BIP-340 sign", () => crypto.signSchnorr(message, secretKey)),
    timed("ECDH", () => crypto.secp256k1x.dh(secretKey, publicKey)),
    timed("key pair", () => crypto.secp256k1x.generateKeyPair()),
  ];
}

function inProcess(
  crypto: CryptoProvider,
  row: string,
  unit: string,
): Pick<Case, "row" | "column" | "unit" | "peer"> {
  return { row, column: crypto.name, unit, peer: undefined };
}

/** Calls until the time is over; says how often. */
function repeat(milliseconds: number, call: () => void): number {
  const end = performance.now() + milliseconds;
  let count = 0;
  while (performance.now() < end) {
    call();
    count++;
  }
  return count;
}

/** A client's and a relay's session, past the first frame. */
function sessionPair(crypto: CryptoProvider): readonly [Session, Session] {
  const relay = crypto.secp256k1x.generateKeyPair();
  const initiation = initiate(publicKeyFromBytes(relay.publicKey), crypto);
  const offer = readOffer(initiation.protocols.join(","));
  if ("status" in offer) throw new Error(`our own offer was refused: ${offer.status}`);
  const hello = { auth: "required", maxMessage: DEFAULT_RELAY_MAX_MESSAGE, time: 0 } as const;
  const { message2, session } = respond(offer, relay, hello, crypto);
  const { session: client } = initiation.readMessage2(message2, DEFAULT_RELAY_MAX_MESSAGE);
  session.openFirst(client.sealFirst('["ANON"]'));
  return [client, session];
}
