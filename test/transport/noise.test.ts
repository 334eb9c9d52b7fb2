import assert from "node:assert/strict";
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  type webcrypto,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { CryptoProvider, Group, KeyPair } from "../../src/crypto.ts";
import { type HandshakePattern, HandshakeState, NK } from "../../src/transport/noise.ts";

interface NoiseVector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_ephemeral: string;
  readonly resp_ephemeral: string;
  readonly resp_static?: string;
  readonly init_remote_static?: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

/** NN is not ours; it shows that patterns are data. */
const NN: HandshakePattern = { name: "NN", knowsResponder: false, messages: [["e"], ["e", "ee"]] };

const { vectors } = JSON.parse(
  readFileSync("test/vectors/published/noise_nk_25519_aesgcm_sha256.json", "utf8"),
) as { readonly vectors: readonly NoiseVector[] };

for (const crypto of [nobleCrypto, createNodeCrypto()]) {
  for (const pattern of [NN, NK]) {
    const name = `Noise_${pattern.name}_25519_AESGCM_SHA256`;
    test(`${name} with the ${crypto.name} provider meets the published vectors`, () => {
      const matching = vectors.filter((vector) => vector.protocol_name === name);
      assert.ok(matching.length > 0);
      for (const vector of matching) run(vector, pattern, crypto);
    });
  }
}

function run(vector: NoiseVector, pattern: HandshakePattern, crypto: CryptoProvider): void {
  const prologue = hexToBytes(vector.init_prologue);
  const rs = vector.init_remote_static && hexToBytes(vector.init_remote_static);
  const initiator = new HandshakeState({
    crypto,
    group: x25519(hexToBytes(vector.init_ephemeral)),
    pattern,
    prologue,
    role: "initiator",
    ...(rs ? { rs } : {}),
  });
  const responder = new HandshakeState({
    crypto,
    group: x25519(hexToBytes(vector.resp_ephemeral)),
    pattern,
    prologue,
    role: "responder",
    ...(vector.resp_static ? { s: keyPair(hexToBytes(vector.resp_static)) } : {}),
  });
  const [first, second, ...transport] = vector.messages;
  assert.ok(first && second);
  const message1 = initiator.writeMessage(hexToBytes(first.payload));
  assert.equal(bytesToHex(message1), first.ciphertext);
  assert.equal(bytesToHex(responder.readMessage(message1)), first.payload);
  const message2 = responder.writeMessage(hexToBytes(second.payload));
  assert.equal(bytesToHex(message2), second.ciphertext);
  assert.equal(bytesToHex(initiator.readMessage(message2)), second.payload);
  assert.equal(bytesToHex(initiator.handshakeHash), vector.handshake_hash);
  assert.equal(bytesToHex(responder.handshakeHash), vector.handshake_hash);
  const [toResponder] = initiator.split();
  const [fromInitiator, toInitiator] = responder.split();
  const ad = new Uint8Array(0);
  for (const [index, { payload, ciphertext }] of transport.entries()) {
    const sender = index % 2 === 0 ? toResponder : toInitiator;
    assert.equal(bytesToHex(sender.encryptWithAd(ad, hexToBytes(payload))), ciphertext);
  }
  const opened = fromInitiator.decryptWithAd(ad, hexToBytes(transport[0]?.ciphertext ?? ""));
  assert.equal(opened && bytesToHex(opened), transport[0]?.payload);
}

/** X25519 from node:crypto, with an ephemeral key that the vector fixes. */
function x25519(ephemeral: Uint8Array): Group {
  return {
    name: "25519",
    generateKeyPair: () => keyPair(ephemeral),
    publicKey: (secretKey) => keyPair(secretKey).publicKey,
    dh: (secretKey, publicKey) =>
      diffieHellman({ privateKey: privateKeyOf(secretKey), publicKey: publicKeyOf(publicKey) }),
  };
}

function keyPair(secretKey: Uint8Array): KeyPair {
  const jwk = createPublicKey(privateKeyOf(secretKey)).export({ format: "jwk" });
  return { secretKey, publicKey: Buffer.from((jwk as webcrypto.JsonWebKey).x ?? "", "base64url") };
}

function privateKeyOf(secretKey: Uint8Array): KeyObject {
  const prefix = Buffer.from("302e020100300506032b656e04220420", "hex");
  return createPrivateKey({
    key: Buffer.concat([prefix, secretKey]),
    format: "der",
    type: "pkcs8",
  });
}

function publicKeyOf(publicKey: Uint8Array): KeyObject {
  const prefix = Buffer.from("302a300506032b656e032100", "hex");
  return createPublicKey({ key: Buffer.concat([prefix, publicKey]), format: "der", type: "spki" });
}
