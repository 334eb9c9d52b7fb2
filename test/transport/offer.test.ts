import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isOffer, prologueOf, readOffer, writeOffer } from "../../src/transport/offer.ts";
import { utf8 } from "../vectors/reference.ts";
import { goodOffer, RUNS } from "./sessions.ts";

const message1 = new Uint8Array(48).fill(0xfb);
const [suite = "", entry = ""] = writeOffer(message1);
const header = `${suite}, ${entry}`;

describe("offer", () => {
  it("carries every message 1", () => {
    const bytes = fc.uint8Array({ minLength: 48, maxLength: 48 });
    const property = fc.property(bytes, (message) => {
      const offer = goodOffer(writeOffer(message).join(", "));
      assert.deepEqual(offer.message1, message);
      assert.deepEqual(offer.prologue, utf8("npubwire/1\0npubwire.1"));
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("is made of names that browsers take", () => {
    assert.equal(suite, "npubwire.1");
    assert.match(entry, /^npubwire\.1\.[A-Za-z0-9_-]{64}$/);
  });

  it("keeps the order of the names, and not the white space around them", () => {
    for (const text of [
      `b,${suite},a,${entry}`,
      `b ,\t${suite}, \t a,${entry} `,
      `${entry},b,${suite},a`,
    ]) {
      assert.deepEqual(goodOffer(text).prologue, prologueOf(["b", suite, "a"]));
    }
  });

  it("may be 1,024 characters long", () => {
    const longest = `${header},`.padEnd(1_024, "x");
    assert.ok("message1" in readOffer(longest));
    assert.deepEqual(readOffer(`${longest}x`), { status: 400 });
  });

  it("takes what looks like a token of ours and is none for a name", () => {
    for (const name of [
      "npubwire.1.",
      "npubwire.1.a+b",
      "npubwire.A",
      "npubwire..x",
      "Npubwire.1.x",
    ]) {
      assert.deepEqual(goodOffer(`${header}, ${name}`).prologue, prologueOf([suite, name]));
    }
  });

  it("is refused with 400 where it is malformed and with 403 where the suite is unknown", () => {
    assert.deepEqual(readOffer(suite), { status: 400 });
    assert.deepEqual(readOffer(""), { status: 400 });
    assert.deepEqual(readOffer("npubwire.2, npubwire.2.abc"), { status: 403 });
    assert.deepEqual(readOffer("npubwire.1, npubwire.2.abc"), { status: 400 });
  });

  it("is told from plain NIP-01 by the beginning of a name", () => {
    for (const text of [header, "npubwire.", "nostr,\tnpubwire.9"])
      assert.equal(isOffer(text), true);
    for (const text of [undefined, "", "nostr", "NPUBWIRE.1", "xnpubwire.1"])
      assert.equal(isOffer(text), false);
  });

  it("never throws and never takes what it does not understand", () => {
    const pieces = fc.constantFrom(
      suite,
      entry,
      ",",
      ", ",
      "\t",
      "npubwire.",
      "=",
      "/",
      "é",
      "a",
      "\0",
      "",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces).map((parts) => parts.join("")),
    );
    const property = fc.property(text, (value) => {
      const offer = readOffer(value);
      if ("status" in offer) return;
      const entries = value.split(",").map((name) => name.trim());
      assert.ok(entries.includes(suite) && entries.includes(entry));
      assert.deepEqual(offer.prologue, prologueOf(entries.filter((name) => name !== entry)));
    });
    fc.assert(property, { numRuns: 20 * RUNS });
  });
});
