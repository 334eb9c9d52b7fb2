import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nprofileEncode } from "nostr-tools/nip19";
import { normalizeURL } from "nostr-tools/utils";
import {
  addressOf,
  encodeProfile,
  endpointOf,
  parseAddress,
  parseProfile,
  type RelayAddress,
} from "../../src/nostr/address.ts";
import { encodeBech32 } from "../../src/nostr/bech32.ts";
import { encodeNpub, isPublicKey, type PublicKey } from "../../src/nostr/key.ts";
import type { Parsed } from "../../src/nostr/parsed.ts";
import { readVectors } from "../vectors.ts";

interface ValidCase {
  readonly note: string;
  readonly input: string;
  readonly relay: string;
  readonly canonical: string;
  readonly url: string;
  readonly endpoint: string;
}

interface InvalidCase {
  readonly class: string;
  readonly note: string;
  readonly input: string;
}

interface Vectors {
  readonly valid: readonly ValidCase[];
  readonly beside: readonly ValidCase[];
  readonly invalid: readonly InvalidCase[];
  readonly besideInvalid: { readonly relay: string; readonly cases: readonly InvalidCase[] };
  readonly endpoints: readonly { readonly input: string; readonly endpoint: string | null }[];
}

const NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
const KEY = keyOf("7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e");

const vectors: Vectors = JSON.parse(readVectors("addresses.json"));
const RUNS = process.env["SLOW"] ? 20_000 : 300;

/** The words that each failure class of the vectors has here. */
const REASONS: Readonly<Record<string, RegExp>> = {
  scheme: /^expected nostr\+ws:\/\//,
  "no-key": /no relay key/,
  "plain-userinfo": /^a ws:\/\/ URL must not carry a key/,
  "other-key": /another relay key/,
  query: /no query/,
  fragment: /no fragment/,
  key: /not one valid, lower-case npub/,
  password: /no password/,
  secret: /secret key \(nsec\)/,
  "no-host": /has no host/,
  host: /host or port is not valid/,
  "empty-label": /empty label/,
  characters: /no spaces, control characters/,
};

describe("the address vectors", () => {
  for (const { note, input, ...expected } of vectors.valid) {
    it(`valid: ${note}`, () => {
      assert.deepEqual(parseAddress(input), { ok: true, value: expected });
      assert.deepEqual(parseAddress(expected.canonical), { ok: true, value: expected });
      assert.deepEqual(endpointOf(input), { ok: true, value: expected.endpoint });
    });
  }

  for (const { note, input, ...expected } of vectors.beside) {
    it(`beside a key: ${note}`, () => {
      assert.deepEqual(addressOf(input, keyOf(expected.relay)), { ok: true, value: expected });
    });
  }

  for (const { class: failure, note, input } of vectors.invalid) {
    it(`invalid, ${failure}: ${note}`, () => assertRefused(parseAddress(input), failure, input));
  }

  for (const { class: failure, note, input } of vectors.besideInvalid.cases) {
    it(`invalid beside a key, ${failure}: ${note}`, () => {
      assertRefused(addressOf(input, keyOf(vectors.besideInvalid.relay)), failure, input);
    });
  }

  it("shows every failure class", () => {
    const cases = [...vectors.invalid, ...vectors.besideInvalid.cases];
    const shown = new Set(cases.map((one) => one.class));
    assert.deepEqual([...shown].sort(), Object.keys(REASONS).sort());
  });

  for (const { input, endpoint } of vectors.endpoints) {
    it(`endpoint of ${JSON.stringify(input)}`, () => {
      const result = endpointOf(input);
      assert.equal(result.ok ? result.value : null, endpoint);
    });
  }
});

describe("every address", () => {
  it("survives its canonical form", () => {
    const property = fc.property(anyAddress(), (address) => {
      assert.deepEqual(parseAddress(address.canonical), { ok: true, value: address });
      assert.deepEqual(addressOf(address.canonical, address.relay), { ok: true, value: address });
      assert.deepEqual(addressOf(address.url, address.relay), { ok: true, value: address });
      assert.deepEqual(endpointOf(address.url), { ok: true, value: address.endpoint });
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("dials what the WHATWG parser dials", () => {
    const property = fc.property(anyAddress(), (address) => {
      const url = new URL(address.url);
      assert.equal(url.href.replace(/^(wss?:\/\/[^/]+)\/$/, "$1"), address.url);
      assert.equal(url.username + url.password + url.search + url.hash, "");
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("keeps its scheme, key and host when nostr-tools normalises it", () => {
    const property = fc.property(anyAddress(), (address) => {
      const normalized = normalizeURL(address.canonical);
      const path = address.url.replace(/^wss?:\/\/[^/]+/, "");
      if (path === "" || !/\/(\/|$)/.test(path)) return assert.equal(normalized, address.canonical);
      // normalizeURL folds the slashes of a path, on every scheme.
      assert.ok(normalized.startsWith(address.canonical.slice(0, -path.length)), normalized);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("is read or refused, whatever the text, without an exception", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(fc.constantFrom("nostr+ws://", "ws://", "nostr+wss://"), fc.string()).map(join),
      fc.tuple(fc.constant(`nostr+ws://${NPUB}@`), fc.string({ unit: "binary" })).map(join),
    );
    const property = fc.property(text, (input) => {
      for (const address of [parseAddress(input), addressOf(input, KEY)]) {
        if (!address.ok) continue;
        assert.deepEqual(parseAddress(address.value.canonical), address);
        assert.equal(address.value.relay, KEY);
      }
      const endpoint = endpointOf(input);
      if (endpoint.ok) assert.match(endpoint.value, /^[^/@\s]+:\d+$/);
      assert.equal(parseProfile(input).ok, false);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});

describe("nprofile", () => {
  const address = addressFor("nostr+ws://NPUB@relay.example:7447/x");

  it("carries the key and canonical addresses there and back", () => {
    const other = addressFor("nostr+wss://NPUB@relay.example");
    const profile = encodeProfile(KEY, [address, other]);
    assert.match(profile, /^nprofile1/);
    assert.deepEqual(parseProfile(` ${profile}\n`), { ok: true, value: [address, other] });
    assert.deepEqual(parseProfile(profile.toUpperCase()), { ok: true, value: [address, other] });
  });

  it("takes plain URLs as hints, and each address once", () => {
    const relays = [address.url, address.canonical, "WS://RELAY.example.:7447/x"];
    const profile = nprofileEncode({ pubkey: KEY, relays });
    assert.deepEqual(parseProfile(profile), { ok: true, value: [address] });
  });

  it("passes over hints that cannot be used", () => {
    const foreign = address.canonical.replace(NPUB, encodeNpub(keyOf("1".repeat(64))));
    const relays = ["", "https://relay.example", "ws://relay.example/?x", foreign, address.url];
    const profile = nprofileEncode({ pubkey: KEY, relays });
    assert.deepEqual(parseProfile(profile), { ok: true, value: [address] });
    const useless = parseProfile(nprofileEncode({ pubkey: KEY, relays: relays.slice(0, -1) }));
    assert.match(useless.ok ? "" : useless.reason, /no address that can be dialled/);
  });

  it("reads NIP-19's example", () => {
    const example =
      "nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg6nzv9ejuumpv34kytnrdaksjlyr9p";
    const result = parseProfile(example);
    assert.deepEqual(
      result.ok && result.value.map((one) => [one.relay, one.url]),
      ["wss://r.x.com", "wss://djbas.sadkb.com"].map((url) => [
        "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d",
        url,
      ]),
    );
  });

  it("refuses other things, nsec and npub among them, without repeating them", () => {
    const nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    const damaged = encodeProfile(KEY, [address]).replace(/.$/, "q");
    for (const text of ["", "nprofile1", NPUB, nsec, `${NPUB}x`, address.canonical, damaged]) {
      assert.deepEqual(parseProfile(text), { ok: false, reason: "expected an nprofile1…" });
    }
  });

  it("wants one key of 32 bytes, whole entries, and skips types it does not know", () => {
    const key = [0, 32, ...Buffer.from(KEY, "hex")];
    const hint = [1, 12, ...Buffer.from("ws://a.b:777")];
    const read = (...bytes: number[]) =>
      parseProfile(encodeBech32("nprofile", Uint8Array.from(bytes)));
    assert.equal(read(...hint, 9, 2, 7, 7, ...key).ok, true);
    for (const wrong of [hint, [...key, ...key, ...hint], [0, 31, ...key.slice(3), ...hint]]) {
      assert.equal(read(...wrong).ok, false);
    }
    assert.equal(read(...key, ...hint.slice(0, -1)).ok, false);
    assert.equal(read(...key, ...hint, 1).ok, false);
  });

  it("leaves out hints that do not fit, and stays within NIP-19's size", () => {
    const prefix = `nostr+ws://${NPUB}@h/`;
    const free = 255 - "nostr+ws://h/".length; // hints leave the npub out
    const longest = addressFor(prefix + "a".repeat(free));
    const tooLong = addressFor(prefix + "a".repeat(free + 1));
    const profile = encodeProfile(KEY, [tooLong, ...Array<RelayAddress>(40).fill(longest)]);
    assert.ok(profile.length <= 5_000);
    assert.deepEqual(parseProfile(profile), { ok: true, value: [longest] });
  });
});

function anyAddress(): fc.Arbitrary<RelayAddress> {
  const segment = fc.oneof(fc.webSegment(), fc.constantFrom("%2f", "%7E", "ü", "a'b", "~", ":@"));
  return fc
    .record({
      scheme: fc.constantFrom("ws", "wss"),
      host: fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV4Extended(),
        fc.ipV6().map((ip) => `[${ip}]`),
        fc.constantFrom("Bücher.example", "relay.example.", "LOCALHOST"),
      ),
      port: fc.option(fc.oneof(fc.constantFrom(80, 443), fc.integer({ min: 0, max: 65_535 }))),
      path: fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((s) => `/${s}`)),
      key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    })
    .map(({ scheme, host, port, path, key }) => {
      const url = `${scheme}://${host}${port === null ? "" : `:${port}`}${path.join("")}`;
      return unwrap(addressOf(url, keyOf(Buffer.from(key).toString("hex"))));
    });
}

function addressFor(template: string): RelayAddress {
  return unwrap(parseAddress(template.replace("NPUB", NPUB)));
}

function assertRefused(result: Parsed<RelayAddress>, failure: string, input: string): void {
  assert.equal(result.ok, false);
  assert.match(result.ok ? "" : result.reason, REASONS[failure] ?? assert.fail(failure));
  const words = input.split(/[^\w+]+/).filter((word) => /^(npub|nsec)1./i.test(word));
  for (const word of words) assert.ok(result.ok || !result.reason.includes(word));
}

function unwrap<T>(result: Parsed<T>): T {
  return result.ok ? result.value : assert.fail(result.reason);
}

function keyOf(hex: string): PublicKey {
  return isPublicKey(hex) ? hex : assert.fail("not a key");
}

function join(parts: readonly string[]): string {
  return parts.join("");
}
