import assert from "node:assert/strict";
import { test } from "node:test";
import { type PublicKey, secretKeyFromBytes } from "../../../src/nostr/key.ts";
import { type InviteCodes, inviteCodes } from "../../../src/policy/membership/codes.ts";
import { Author, crypto, NOW } from "../../relay/conformance/session.ts";

const inviter = new Author().pubkey;
const SHARED = ["correct horse battery", "staple staple staple"];

function codesOf(seed: number, shared: readonly string[] = []): InviteCodes {
  const key = secretKeyFromBytes(new Uint8Array(32).fill(seed), crypto);
  assert(key.ok);
  return inviteCodes(key.value, shared, crypto);
}

const codes = codesOf(1, SHARED);

test("a code says who invites and until when, and is another one each time", () => {
  const [first, second] = [codes.make(inviter, NOW + 60), codes.make(inviter, NOW + 60)];
  assert.match(first, /^[A-Za-z0-9_-]{82}$/);
  const [one, two] = [first, second].map((code) => codes.read(code));
  assert(one && !one.isShared && two && !two.isShared);
  assert.deepEqual([one.inviter, one.expiresAt], [inviter, NOW + 60]);
  assert.match(one.fingerprint, /^[0-9a-f]{64}$/);
  assert.notEqual(one.fingerprint, two.fingerprint);
  assert.deepEqual(codesOf(1).read(first), one, "another process with the same key reads it");
});

test("no bit of it can be changed, and another relay's key makes others", () => {
  const code = codes.make(inviter, NOW);
  const bytes = Buffer.from(code, "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const forged = Buffer.from(bytes);
    forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(codes.read(forged.toString("base64url")), undefined, `bit ${bit}`);
  }
  assert.equal(codesOf(2).read(code), undefined);
});

test("however the same bytes are written, the fingerprint is the same", () => {
  const code = codes.make(inviter, NOW);
  const known = codes.read(code);
  assert(known && !known.isShared);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // 82 characters are four bits more than 61 bytes.
  const last = alphabet[alphabet.indexOf(code.slice(-1)) + 1] ?? "";
  for (const text of [code.slice(0, -1) + last, `${code}==`, ` ${code}`]) {
    assert.deepEqual(codes.read(text), known);
  }
});

test("codes of the configuration are taken as they stand there, and nothing near them", () => {
  for (const code of SHARED) assert.deepEqual(codes.read(code), { isShared: true });
  const wrong = [...SHARED.map((code) => code.slice(0, -1)), SHARED.join(""), "", "🔑".repeat(99)];
  for (const code of [...wrong, "A".repeat(82), "A".repeat(1_000_000), `${SHARED[0]} `]) {
    assert.equal(codes.read(code), undefined);
  }
  assert.equal(codesOf(1).read(SHARED[0] ?? ""), undefined);
});

test("the relay's key is not what the MAC is made with", () => {
  const seen: Uint8Array[] = [];
  const key = secretKeyFromBytes(new Uint8Array(32).fill(1), crypto);
  assert(key.ok);
  const watched = {
    ...crypto,
    hkdfSha256(salt: Uint8Array, input: Uint8Array, info: Uint8Array, length: number) {
      seen.push(salt);
      return crypto.hkdfSha256(salt, input, info, length);
    },
  };
  inviteCodes(key.value, [], watched).make("0".repeat(64) as PublicKey, NOW);
  assert.equal(seen.length, 2);
  for (const salt of seen) assert.notDeepEqual(new Uint8Array(salt), new Uint8Array(key.value));
});
