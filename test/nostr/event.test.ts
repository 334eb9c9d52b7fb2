import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import {
  compareNewestFirst,
  type EventTemplate,
  identifierOf,
  idOfJson,
  indexedTags,
  isTagLetter,
  MAX_CREATED_AT,
  type NostrEvent,
  parseEvent,
  signEvent,
  type Tag,
  tagValue,
  verifyEvent,
  verifyEventElsewhere,
} from "../../src/nostr/event.ts";
import { publicKeyOf, secretKeyFromBytes } from "../../src/nostr/key.ts";
import type { Parsed } from "../../src/nostr/parsed.ts";

const crypto = createNodeCrypto();
const secretKey = unwrap(secretKeyFromBytes(new Uint8Array(32).fill(7), crypto));
const pubkey = publicKeyOf(secretKey, crypto);
const RUNS = process.env["SLOW"] ? 2_000 : 50;
const REAL_EVENTS = new URL("../../../../shared/data/real-events.jsonl", import.meta.url);

describe("parseEvent", () => {
  const valid = { ...sign({ tags: [["t", "x"]], content: "hello" }), json: undefined };

  it("takes an event and drops what NIP-01 does not know", () => {
    const { id, created_at, kind, tags, content, sig } = valid;
    const event = { id, pubkey, created_at, kind, tags, content, sig };
    const extended = { ...event, relays: ["ws://x"], json: "{}", constructor: 1 };
    assert.deepEqual(unwrap(parseEvent(extended)), event);
    const proto = JSON.parse(`{"__proto__":{"id":"${id}"}}`);
    assert.equal(parseEvent(proto).ok, false);
  });

  const wrongs: Readonly<Record<string, readonly unknown[]>> = {
    id: [undefined, null, 1, "", valid.id.toUpperCase(), `${valid.id}0`, valid.id.slice(1)],
    pubkey: [undefined, null, 1, "", pubkey.toUpperCase(), `${pubkey}0`, [pubkey]],
    created_at: [undefined, null, "1", -1, 1.5, Number.NaN, 1e20, MAX_CREATED_AT + 1],
    kind: [undefined, null, "1", -1, 1.5, 65_536, Number.POSITIVE_INFINITY],
    tags: [undefined, null, {}, "", [null], ["t"], [{}], [["t", 1]], [["t", null]], [[["t"]]]],
    content: [undefined, null, 1, {}, ["x"]],
    sig: [undefined, null, 1, "", valid.sig.toUpperCase(), valid.sig.slice(1), `${valid.sig}0`],
  };
  for (const [field, values] of Object.entries(wrongs)) {
    it(`refuses a wrong ${field}`, () => {
      for (const value of values) {
        const reason = reasonOf(parseEvent({ ...valid, [field]: value }));
        assert.ok(reason.startsWith(field), `${reason}: ${JSON.stringify(value)}`);
      }
    });
  }

  it("refuses what is no object", () => {
    for (const value of [undefined, null, 1, "x", true, [], [valid]]) {
      assert.equal(reasonOf(parseEvent(value)), "event is not an object");
    }
  });

  it("refuses lone surrogates wherever text stands, and takes pairs", () => {
    for (const lone of ["\ud800", "\udc00", "x\udbffx", "\udc00\ud800"]) {
      assert.match(reasonOf(parseEvent({ ...valid, content: lone })), /^content/);
      assert.match(reasonOf(parseEvent({ ...valid, tags: [["t", lone]] })), /^tags/);
      assert.match(reasonOf(parseEvent({ ...valid, tags: [[lone]] })), /^tags/);
    }
    assert.equal(parseEvent({ ...valid, content: "\ud83d\ude00", tags: [["😀"]] }).ok, true);
  });

  it("takes the limits themselves, empty tags, and JSON's -0 as 0", () => {
    for (const fields of [
      { created_at: 0, kind: 0 },
      { created_at: MAX_CREATED_AT, kind: 65_535 },
      { tags: [[], [""], ["d"]] },
    ]) {
      assert.equal(parseEvent({ ...valid, ...fields }).ok, true);
    }
    const minus = unwrap(parseEvent({ ...valid, created_at: -0, kind: -0 }));
    assert.ok(Object.is(minus.created_at, 0) && Object.is(minus.kind, 0));
  });

  it("answers any JSON without an exception", () => {
    const property = fc.property(fc.jsonValue(), (value) => {
      assert.equal(parseEvent(value).ok, false);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});

describe("ids", () => {
  it("are the hash of NIP-01's serialisation", () => {
    const event = sign({
      kind: 1,
      created_at: 5,
      tags: [["e", "x"], []],
      content: 'a"\\\n\r\t\b\f/é',
    });
    const text = `[0,"${pubkey}",5,1,[["e","x"],[]],"a\\"\\\\\\n\\r\\t\\b\\f/é"]`;
    assert.equal(event.id, sha256(text));
  });

  it("may have control characters verbatim or escaped, as their signers wrote them", () => {
    const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join("");
    for (const content of [controls, "\u0001", "x\u001f\\\u0000", "\\u0001\u0001"]) {
      const escaped = sign({ content });
      const verbatim = signText(serializeVerbatim(content), content);
      assert.notEqual(verbatim.id, escaped.id);
      for (const event of [escaped, verbatim]) {
        assert.equal(unwrap(verifyEvent(event, crypto)).id, event.id);
        assert.deepEqual(JSON.parse(unwrap(verifyEvent(event, crypto)).json), plain(event));
      }
    }
  });

  it("are one form or the other, not a mixture", () => {
    const text = `[0,"${pubkey}",1,1,[],"\u0001\\u0002"]`;
    const mixed = signText(text, "\u0001\u0002");
    assert.equal(reasonOf(verifyEvent(mixed, crypto)), "id does not match the event");
  });

  it("do not take an escape sequence in the text for the character", () => {
    const written = sign({ content: "\\u0001" });
    const forged = { ...written, content: "\u0001" };
    assert.equal(reasonOf(verifyEvent(forged, crypto)), "id does not match the event");
    assert.equal(verifyEvent(written, crypto).ok, true);
  });

  it("need no escape for DEL, U+2028 and what lies beyond the BMP", () => {
    const content = "\u007f\u0080\u2028\u2029\ufeff😀";
    assert.equal(sign({ content }).id, sha256(`[0,"${pubkey}",1,1,[],"${content}"]`));
  });
});

describe("verifyEventElsewhere", () => {
  it("says what verifyEvent says, and asks nobody about a wrong id", async () => {
    const event = plain(sign({}));
    const asked: unknown[] = [];
    const elsewhere = (candidate: NostrEvent) =>
      verifyEventElsewhere(candidate, crypto, async (...args) => {
        asked.push(args);
        return crypto.verifySchnorr(...args);
      });
    for (const candidate of [event, { ...event, sig: "1".repeat(128) }]) {
      assert.deepEqual(await elsewhere(candidate), verifyEvent(candidate, crypto));
    }
    assert.equal(asked.length, 2);
    assert.equal(reasonOf(await elsewhere({ ...event, kind: 2 })), "id does not match the event");
    assert.equal(asked.length, 2);
  });
});

describe("verifyEvent", () => {
  it("gives a frozen event with the canonical JSON", () => {
    const signed = sign({ tags: [["d", "x"]], content: "é\n" });
    const { id, created_at, kind, tags, content, sig } = signed;
    const shuffled = { sig, content, extra: 1, tags, kind, created_at, pubkey, id };
    const event = unwrap(verifyEvent(unwrap(parseEvent(shuffled)), crypto));
    assert.ok(Object.isFrozen(event));
    assert.deepEqual(event, signed);
    assert.equal(
      event.json,
      `{"id":"${id}","pubkey":"${pubkey}","created_at":1,"kind":1,"tags":[["d","x"]],"content":"é\\n","sig":"${sig}"}`,
    );
    assert.equal(idOfJson(event.json), id);
  });

  it("refuses an event in which anything was changed", () => {
    const property = fc.property(anyTemplate(), anyChange(), (template, change) => {
      const event = plain(sign(template));
      assert.equal(verifyEvent(event, crypto).ok, true);
      const tampered = { ...event, ...change(event) };
      fc.pre(JSON.stringify(tampered) !== JSON.stringify(event));
      assert.equal(verifyEvent(tampered, crypto).ok, false);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("refuses a signature by another key, and a key that is no point", () => {
    const event = plain(sign({}));
    const other = unwrap(secretKeyFromBytes(new Uint8Array(32).fill(8), crypto));
    const foreign = signEvent({ created_at: 1, kind: 1, tags: [], content: "" }, other, crypto);
    const reason = "signature does not verify";
    assert.equal(reasonOf(verifyEvent({ ...event, sig: foreign.sig }, crypto)), reason);
    const noPoint = "f".repeat(64);
    const text = `[0,"${noPoint}",1,1,[],""]`;
    const { sig } = signText(text, "");
    const event2 = unwrap(parseEvent({ ...event, id: sha256(text), pubkey: noPoint, sig }));
    assert.equal(reasonOf(verifyEvent(event2, crypto)), reason);
  });

  it("takes events of the public network", { skip: !existsSync(REAL_EVENTS) }, () => {
    const lines = readFileSync(REAL_EVENTS, "utf8").trim().split("\n");
    for (const line of lines) {
      const event = unwrap(verifyEvent(unwrap(parseEvent(JSON.parse(line))), crypto));
      assert.equal(idOfJson(event.json), event.id);
    }
  });
});

describe("signEvent", () => {
  it("signs what others would send", () => {
    const property = fc.property(anyTemplate(), (template) => {
      const signed = sign(template);
      const received = unwrap(parseEvent(JSON.parse(signed.json)));
      assert.deepEqual(unwrap(verifyEvent(received, crypto)), signed);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});

describe("tags", () => {
  const indexed = (kind: number, tags: readonly Tag[]) =>
    indexedTags(sign({ kind, tags })).map(([name, value]) => `${name}=${value}`);

  it("are indexed by one letter and the first value, each pair once", () => {
    const tags = [["t", "x", "y"], ["t", "x"], ["t", "z"], ["T", "x"], ["e", ""], ["p"]];
    assert.deepEqual(indexed(1, tags), ["t=x", "t=z", "T=x", "e=", "p="]);
  });

  it("are not indexed when they are empty or have another name", () => {
    assert.deepEqual(indexed(1, [[], [""], ["tt", "x"], ["1", "x"], ["-"], ["é", "x"]]), []);
  });

  it("have an empty d where an addressable event has none", () => {
    assert.deepEqual(indexed(30_000, [["t", "x"]]), ["t=x", "d="]);
    assert.deepEqual(indexed(30_000, [["d"]]), ["d="]);
    assert.deepEqual(indexed(30_000, [["d", ""]]), ["d="]);
    assert.deepEqual(
      indexed(30_000, [
        ["d", "a"],
        ["d", "b"],
      ]),
      ["d=a", "d=b"],
    );
    for (const kind of [1, 0, 10_000, 20_000, 40_000]) assert.deepEqual(indexed(kind, []), []);
  });

  it("identify addressable events by the first d, others by nothing", () => {
    const identify = (kind: number, tags: readonly Tag[]) => identifierOf(sign({ kind, tags }));
    assert.equal(
      identify(30_000, [
        ["e", "x"],
        ["d", "a"],
        ["d", "b"],
      ]),
      "a",
    );
    assert.equal(identify(39_999, [["d"], ["d", "b"]]), "");
    assert.equal(identify(30_000, []), "");
    assert.equal(identify(10_000, [["d", "a"]]), "");
    assert.equal(identify(1, [["d", "a"]]), "");
  });

  it("are found by name", () => {
    const event = sign({ tags: [[], ["a"], ["b", "1"], ["b", "2"]] });
    assert.equal(tagValue(event, "a"), "");
    assert.equal(tagValue(event, "b"), "1");
    assert.equal(tagValue(event, "c"), undefined);
    assert.deepEqual(["a", "Z", "", "aa", "1", "é"].map(isTagLetter), [
      true,
      true,
      ...Array(4).fill(false),
    ]);
  });
});

describe("compareNewestFirst", () => {
  it("puts the newest first, and at the same second the lowest id", () => {
    const event = (created_at: number, id: string): NostrEvent =>
      unwrap(parseEvent({ ...sign({}), created_at, id: id.repeat(64) }));
    const sorted = [event(5, "a"), event(3, "1"), event(3, "2"), event(3, "f"), event(0, "0")];
    assert.deepEqual([...sorted].reverse().sort(compareNewestFirst), sorted);
    const [first = assert.fail()] = sorted;
    assert.equal(compareNewestFirst(first, { ...first }), 0);
  });
});

function sign(fields: Partial<EventTemplate>): ReturnType<typeof signEvent> {
  const template = { created_at: 1, kind: 1, tags: [], content: "", ...fields };
  return signEvent(template, secretKey, crypto);
}

/** A kind 1 event whose id is the hash of `text`, whatever its fields are. */
function signText(text: string, content: string): NostrEvent {
  const id = sha256(text);
  const sig = Buffer.from(crypto.signSchnorr(Buffer.from(id, "hex"), secretKey)).toString("hex");
  return unwrap(parseEvent({ id, pubkey, created_at: 1, kind: 1, tags: [], content, sig }));
}

/** NIP-01 to the letter: seven escapes, everything else as it is. */
function serializeVerbatim(content: string): string {
  const escapes: Readonly<Record<string, string>> = {
    "\n": "\\n",
    '"': '\\"',
    "\\": "\\\\",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
  };
  const escaped = [...content].map((character) => escapes[character] ?? character).join("");
  return `[0,"${pubkey}",1,1,[],"${escaped}"]`;
}

function anyTemplate(): fc.Arbitrary<EventTemplate> {
  return fc.record({
    created_at: fc.nat(MAX_CREATED_AT),
    kind: fc.nat(65_535),
    tags: fc.array(fc.array(fc.string({ unit: "binary" }), { maxLength: 3 }), { maxLength: 3 }),
    content: fc.string({ unit: "binary" }),
  });
}

/** One change to one field, such as a middleman might try. */
function anyChange(): fc.Arbitrary<(event: NostrEvent) => object> {
  const digit = fc.tuple(fc.nat(63), fc.constantFrom(..."0123456789abcdef"));
  const replace = (text: string, [at, by]: readonly [number, string]) =>
    text.slice(0, at) + by + text.slice(at + 1);
  return fc.oneof(
    digit.map((change) => (event: NostrEvent) => ({ id: replace(event.id, change) })),
    digit.map((change) => (event: NostrEvent) => ({ pubkey: replace(event.pubkey, change) })),
    digit.map((change) => (event: NostrEvent) => ({ sig: replace(event.sig, change) })),
    fc.nat(MAX_CREATED_AT).map((created_at) => () => ({ created_at })),
    fc.nat(65_535).map((kind) => () => ({ kind })),
    fc.string({ unit: "binary" }).map((extra) => (event: NostrEvent) => ({
      content: event.content + extra,
    })),
    fc.array(fc.string({ unit: "binary" })).map((tag) => (event: NostrEvent) => ({
      tags: [...event.tags, tag],
    })),
  );
}

/** The seven fields alone. */
function plain(event: NostrEvent): NostrEvent {
  const { id, created_at, kind, tags, content, sig } = event;
  return { id, pubkey: event.pubkey, created_at, kind, tags, content, sig };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function unwrap<T>(result: Parsed<T>): T {
  return result.ok ? result.value : assert.fail(result.reason);
}

function reasonOf(result: Parsed<unknown>): string {
  return result.ok ? assert.fail("expected a refusal") : result.reason;
}
