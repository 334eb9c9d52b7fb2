/** Sessions for tests: with fixed keys, and a handshake with fixed ephemerals. */

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import { TransportError, type TransportErrorCode } from "../../src/transport/errors.ts";
import { CipherState } from "../../src/transport/noise.ts";
import { type Offer, readOffer } from "../../src/transport/offer.ts";
import { Session, type SessionEvent } from "../../src/transport/session.ts";

export const nodeCrypto: CryptoProvider = createNodeCrypto();

/** How often properties run. */
export const RUNS: number = process.env["SLOW"] ? 1_000 : 40;

export interface PairOptions {
  readonly crypto?: CryptoProvider;
  readonly k1?: Uint8Array;
  readonly k2?: Uint8Array;
  /** For both directions. Default: 1 MiB. */
  readonly maxMessage?: number;
}

export interface SessionPair {
  readonly initiator: Session;
  readonly responder: Session;
}

/** Two ends of one session; the first frame is still to come. */
export function sessionPair(options: PairOptions = {}): SessionPair {
  const { crypto = nodeCrypto, maxMessage = 2 ** 20 } = options;
  const k1 = options.k1 ?? crypto.randomBytes(32);
  const k2 = options.k2 ?? crypto.randomBytes(32);
  const end = (role: Session["role"], send: Uint8Array, receive: Uint8Array): Session =>
    new Session(role, {
      send: new CipherState(crypto, send),
      receive: new CipherState(crypto, receive),
      handshakeHash: new Uint8Array(32),
      maxMessage,
    });
  return { initiator: end("initiator", k1, k2), responder: end("responder", k2, k1) };
}

/** Two ends after the client's first frame. */
export function openedPair(options: PairOptions = {}): SessionPair {
  const pair = sessionPair(options);
  pair.responder.openFirst(pair.initiator.sealFirst('["ANON"]'));
  return pair;
}

/** The same provider, but every new key pair is this one. */
export function withEphemeral(crypto: CryptoProvider, secretKey: Uint8Array): CryptoProvider {
  const group = crypto.secp256k1x;
  return {
    ...crypto,
    secp256k1x: {
      ...group,
      generateKeyPair: () => ({
        secretKey: secretKey.slice(),
        publicKey: group.publicKey(secretKey),
      }),
    },
  };
}

/** An offer that must be good. */
export function goodOffer(header: string): Offer {
  const offer = readOffer(header);
  if ("status" in offer) throw new Error(`refused with ${offer.status}`);
  return offer;
}

export function textsOf(events: readonly SessionEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === "message" ? [event.text] : []));
}

export const hex: typeof bytesToHex = bytesToHex;
export const bytes: typeof hexToBytes = hexToBytes;

/** For `assert.throws`: a TransportError of that class. */
export function isCode(code: TransportErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof TransportError && error.code === code;
}
