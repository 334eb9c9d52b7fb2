import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decode, encodeBytes } from "nostr-tools/nip19";
import { decodeBech32, encodeBech32 } from "../../src/nostr/bech32.ts";

const RUNS = process.env["SLOW"] ? 20_000 : 300;
const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

const bytes = fc.uint8Array({ maxLength: 200 });

describe("bech32", () => {
  it("reads BIP-173's valid strings that hold whole bytes", () => {
    assert.deepEqual(decodeBech32("a", "A12UEL5L"), new Uint8Array());
    const data = decodeBech32("abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw");
    const words = Array.from({ length: 32 }, (_, word) => word.toString(2).padStart(5, "0"));
    assert.equal(bitsOf(data), words.join(""));
    const split = "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w";
    assert.equal(decodeBech32("split", split)?.length, 30);
  });

  it("refuses BIP-173's invalid strings", () => {
    for (const text of ["x1b4n0q5v", "li1dgmt3", "A1G7SGD8"]) {
      const prefix = text.slice(0, text.lastIndexOf("1")).toLowerCase();
      assert.equal(decodeBech32(prefix, text), undefined, text);
    }
  });

  it("agrees with nostr-tools, both ways", () => {
    fc.assert(
      fc.property(fc.constantFrom("npub", "nsec", "nprofile"), bytes, (prefix, data) => {
        const text = encodeBech32(prefix, data);
        assert.equal(text, encodeBytes(prefix, data));
        assert.deepEqual(decodeBech32(prefix, text), new Uint8Array(data));
        assert.deepEqual(decodeBech32(prefix, text.toUpperCase()), new Uint8Array(data));
      }),
      { numRuns: RUNS },
    );
  });

  it("takes exactly the npubs that nostr-tools takes", () => {
    const words = fc.array(fc.constantFrom(...LETTERS), { minLength: 58, maxLength: 58 });
    const text = fc.oneof(
      fc.uint8Array({ minLength: 30, maxLength: 34 }).map((data) => encodeBytes("npub", data)),
      words.map((letters) => `npub1${letters.join("")}`),
    );
    fc.assert(
      fc.property(text, (npub) => {
        const ours = decodeBech32("npub", npub);
        assert.equal(ours && Buffer.from(ours).toString("hex"), theirs(npub));
      }),
      { numRuns: RUNS },
    );
  });

  it("notices one wrong letter anywhere, mixed case and another prefix", () => {
    const npub = encodeBech32("npub", new Uint8Array(32).fill(0b1011_0101));
    for (let at = 5; at < npub.length; at++) {
      const other = LETTERS[(LETTERS.indexOf(npub.charAt(at)) + 1) % 32];
      const wrong = `${npub.slice(0, at)}${other}${npub.slice(at + 1)}`;
      assert.equal(decodeBech32("npub", wrong), undefined, `letter ${at}`);
    }
    assert.equal(decodeBech32("npub", `N${npub.slice(1)}`), undefined);
    assert.equal(decodeBech32("nsec", npub), undefined);
    const kelvin = npub.toUpperCase().replace("K", "\u212a"); // its lower case is k
    assert.notEqual(kelvin, npub.toUpperCase());
    assert.equal(decodeBech32("npub", kelvin), undefined);
    assert.equal(decodeBech32("npub", ` ${npub}`), undefined);
  });

  it("reads texts of 5,000 characters and none that are longer", () => {
    const longest = encodeBech32("nprofile", new Uint8Array(3_115));
    assert.equal(longest.length, 4_999);
    assert.equal(decodeBech32("nprofile", longest)?.length, 3_115);
    const longer = encodeBech32("nprofile", new Uint8Array(3_116));
    assert.equal(longer.length, 5_001);
    assert.equal(decodeBech32("nprofile", longer), undefined);
  });
});

function bitsOf(data: Uint8Array | undefined): string {
  return [...(data ?? [])].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function theirs(npub: string): unknown {
  try {
    return decode(npub).data;
  } catch {
    return undefined;
  }
}
