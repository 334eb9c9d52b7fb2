import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import {
  encodeNpub,
  encodeNsec,
  generateSecretKey,
  isEventId,
  isPublicKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyFromBytes,
  publicKeyOf,
  publicKeyToBytes,
  secretKeyFromBytes,
} from "../../src/nostr/key.ts";
import type { Parsed } from "../../src/nostr/parsed.ts";

const crypto = createNodeCrypto();

// NIP-19, "Examples" and "Bare keys and ids".
const PUBLIC = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
const NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
const OTHER_PUBLIC = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";
const OTHER_NPUB = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
const SECRET = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";
const NSEC = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
const NOTE = "note1fntxtkcy9pjwucqwa9mddn7v03wwwsu9j330jj350nvhpky2tuaspk6nqc";

describe("parsePublicKey", () => {
  it("reads an npub and hex, both ways", () => {
    for (const [npub, hex] of [
      [NPUB, PUBLIC],
      [OTHER_NPUB, OTHER_PUBLIC],
    ] as const) {
      const key = unwrap(parsePublicKey(npub));
      assert.equal(key, hex);
      assert.equal(unwrap(parsePublicKey(hex)), hex);
      assert.equal(encodeNpub(key), npub);
    }
  });

  it("takes what people paste: spaces around, upper case", () => {
    for (const text of [` ${NPUB}\n`, NPUB.toUpperCase(), PUBLIC.toUpperCase(), `\t${PUBLIC} `]) {
      assert.equal(unwrap(parsePublicKey(text)), PUBLIC);
    }
  });

  it("refuses everything else", () => {
    const mixedCase = `N${NPUB.slice(1)}`;
    const wrongs = ["", "npub1", NOTE, `${NPUB}q`, NPUB.slice(0, -1), mixedCase, `0x${PUBLIC}`];
    for (const wrong of [...wrongs, damaged(NPUB), PUBLIC.slice(1), `${PUBLIC}0`]) {
      assert.deepEqual(parsePublicKey(wrong), {
        ok: false,
        reason: "expected an npub (npub1…) or 64 hex digits",
      });
    }
  });

  it("refuses npubs that do not hold 32 bytes", () => {
    const short = encodeNpub(publicKeyFromBytes(new Uint8Array(31)));
    const long = encodeNpub(publicKeyFromBytes(new Uint8Array(33)));
    for (const wrong of [short, long]) assert.equal(parsePublicKey(wrong).ok, false);
  });

  it("says when it is handed a secret, and never repeats it", () => {
    for (const secret of [NSEC, NSEC.toUpperCase(), ` ${NSEC}`, damaged(NSEC)]) {
      const reason = reasonOf(parsePublicKey(secret));
      assert.match(reason, /this is a secret key/);
      assertSilent(reason, secret);
    }
  });
});

describe("parseSecretKey", () => {
  it("reads an nsec and hex, both ways", () => {
    for (const text of [NSEC, SECRET, ` ${NSEC}\n`, NSEC.toUpperCase(), SECRET.toUpperCase()]) {
      const key = unwrap(parseSecretKey(text, crypto));
      assert.equal(Buffer.from(key).toString("hex"), SECRET);
      assert.equal(encodeNsec(key), NSEC);
    }
  });

  it("belongs to the public key of NIP-19", () => {
    assert.equal(publicKeyOf(unwrap(parseSecretKey(NSEC, crypto)), crypto), PUBLIC);
  });

  it("refuses what is no scalar in 1..n-1", () => {
    const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (const wrong of ["0".repeat(64), order, "f".repeat(64)]) {
      const reason = reasonOf(parseSecretKey(wrong, crypto));
      assert.equal(reason, "not a valid secp256k1 secret key");
    }
  });

  it("refuses everything else, and never repeats it", () => {
    const wrongs = ["", "nsec1", NPUB, NOTE, damaged(NSEC), NSEC.slice(0, -1), SECRET.slice(1)];
    for (const wrong of [...wrongs, `${SECRET}00`, `x${SECRET}`]) {
      const reason = reasonOf(parseSecretKey(wrong, crypto));
      assert.equal(reason, "expected an nsec (nsec1…) or 64 hex digits");
    }
  });
});

describe("keys and bytes", () => {
  it("secretKeyFromBytes takes 32 bytes and nothing else", () => {
    const bytes = new Uint8Array(Buffer.from(SECRET, "hex"));
    assert.equal(unwrap(secretKeyFromBytes(bytes, crypto)), bytes);
    for (const wrong of [new Uint8Array(32), bytes.subarray(1), new Uint8Array(33).fill(1)]) {
      const reason = reasonOf(secretKeyFromBytes(wrong, crypto));
      assert.equal(reason, "not a valid secp256k1 secret key");
    }
  });

  it("generates keys that can be written and read again", () => {
    const key = generateSecretKey(crypto);
    const read = unwrap(parseSecretKey(encodeNsec(key), crypto));
    assert.deepEqual(read, key);
    assert.equal(publicKeyOf(read, crypto), publicKeyOf(key, crypto));
    assert.notDeepEqual(generateSecretKey(crypto), key);
  });

  it("goes from bytes to hex to npub and back", () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const property = fc.property(bytes, (key) => {
      const hex = publicKeyFromBytes(key);
      assert.ok(isPublicKey(hex) && isEventId(hex));
      assert.deepEqual(publicKeyToBytes(hex), key);
      assert.equal(unwrap(parsePublicKey(encodeNpub(hex))), hex);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("knows wire keys by their exact shape", () => {
    const wrongs = [PUBLIC.toUpperCase(), PUBLIC.slice(1), `${PUBLIC}\n`, `g${PUBLIC.slice(1)}`];
    for (const wrong of [...wrongs, "", NPUB, 7, null, undefined, [PUBLIC], { length: 64 }]) {
      assert.equal(isPublicKey(wrong), false);
      assert.equal(isEventId(wrong), false);
    }
    assert.equal(isPublicKey(PUBLIC), true);
    assert.equal(isEventId(PUBLIC), true);
  });
});

/** The same text with its last character changed: the checksum no longer holds. */
function damaged(text: string): string {
  return text.slice(0, -1) + (text.endsWith("q") ? "p" : "q");
}

/** No eight characters of the secret in a row. */
function assertSilent(reason: string, secret: string): void {
  for (let start = 0; start + 8 <= secret.length; start++) {
    assert.ok(!reason.toLowerCase().includes(secret.slice(start, start + 8).toLowerCase()));
  }
}

function unwrap<T>(result: Parsed<T>): T {
  return result.ok ? result.value : assert.fail(result.reason);
}

function reasonOf(result: Parsed<unknown>): string {
  return result.ok ? assert.fail("expected a refusal") : result.reason;
}
