import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encrypt } from "nostr-tools/nip49";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import { decodeBech32, encodeBech32 } from "../../src/nostr/bech32.ts";
import { decryptKey, looksEncrypted, parseEncryptedKey } from "../../src/nostr/encrypted-key.ts";
import { generateSecretKey } from "../../src/nostr/key.ts";

const crypto = createNodeCrypto();

/** NIP-49's test vector: opened by "nostr". */
const VECTOR =
  "ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623nsl8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p";
const VECTOR_KEY = "3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683";

describe("encrypted keys", () => {
  it("are opened by their password (NIP-49's vector)", () => {
    const opened = decryptKey(parsed(VECTOR), "nostr", crypto);
    assert.ok(opened.ok);
    assert.equal(Buffer.from(opened.value).toString("hex"), VECTOR_KEY);
  });

  it("are opened by the same password in another Unicode form", () => {
    const key = generateSecretKey(crypto);
    const opened = decryptKey(parsed(encrypt(key, "pässword", 4)), "pässword", crypto);
    assert.ok(opened.ok);
    assert.deepEqual(opened.value, key);
  });

  it("say that the password is wrong, whichever wrong one it is", () => {
    const key = parsed(encrypt(generateSecretKey(crypto), "right", 4));
    for (const password of ["wrong", "Right", "right ", ""]) {
      const opened = decryptKey(key, password, crypto);
      assert.deepEqual(opened, { ok: false, reason: "the password is wrong" });
    }
  });

  it("are refused before any work when they ask for too much of it", () => {
    const reasons = [21, 30, 255, 0].map((logRounds) => reasonFor(withHeader(2, logRounds)));
    assert.ok(
      reasons.every((reason) => /more memory/.test(reason)),
      String(reasons),
    );
    assert.match(reasonFor(withHeader(1, 16)), /version 1 .*not known/);
  });

  it("are not found in what is none", () => {
    const mistyped = `${VECTOR.slice(0, -1)}q`;
    for (const text of [
      mistyped,
      "",
      "ncryptsec1",
      `nsec1${"q".repeat(58)}`,
      `${VECTOR}q`,
      `${VECTOR} x`,
    ]) {
      assert.match(reasonFor(text), /^expected an encrypted key/);
    }
    assert.equal(looksEncrypted(" NCRYPTSEC1abc"), true);
    assert.equal(looksEncrypted("nsec1abc"), false);
  });
});

function parsed(text: string) {
  const key = parseEncryptedKey(text);
  assert.ok(key.ok);
  return key.value;
}

function reasonFor(text: string): string {
  const key = parseEncryptedKey(text);
  return key.ok ? "" : key.reason;
}

/** The vector, with other first bytes and a checksum that is right. */
function withHeader(version: number, logRounds: number): string {
  const bytes = decodeBech32("ncryptsec", VECTOR);
  assert.ok(bytes);
  bytes.set([version, logRounds]);
  return encodeBech32("ncryptsec", bytes);
}
