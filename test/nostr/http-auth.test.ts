import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { type HttpRequest, readHttpAuth, verifyHttpAuth } from "../../src/nostr/http-auth.ts";
import { Author, crypto, NOW } from "../relay/conformance/session.ts";

const author = new Author();
const body = Buffer.from('{"method":"supportedmethods","params":[]}');
const hash = Buffer.from(crypto.sha256(body)).toString("hex");
const URL_TAG = ["u", "https://relay.example/"];
const TAGS = [URL_TAG, ["method", "POST"], ["payload", hash]];
const request: HttpRequest = {
  method: "POST",
  isRequested: (url) => url === URL_TAG[1],
  now: NOW,
};

function sign(fields: Partial<NostrEvent> = {}): NostrEvent {
  return author.sign({ kind: 27_235, tags: TAGS, ...fields });
}

function headerOf(event: unknown): string {
  return `Nostr ${Buffer.from(JSON.stringify(event)).toString("base64")}`;
}

function reasonFor(header: string | undefined): string {
  const read = readHttpAuth(header, request);
  return read.ok ? "" : read.reason;
}

describe("an Authorization header (NIP-98)", () => {
  it("is taken when everything fits, whatever the base64's flavour", () => {
    const event = sign({ content: "\u00fb\u00ff\u{1f600}" });
    const base64 = Buffer.from(JSON.stringify(event));
    for (const text of [base64.toString("base64"), base64.toString("base64url")]) {
      for (const scheme of ["Nostr", "nostr", "NOSTR"]) {
        const read = readHttpAuth(`${scheme} ${text}`, request);
        assert.ok(read.ok);
        const verified = verifyHttpAuth(read.value, body, crypto);
        assert.ok(verified.ok && verified.value.pubkey === author.pubkey);
      }
    }
  });

  it("names what does not fit", () => {
    const without = (name: string) => TAGS.filter((tag) => tag[0] !== name);
    const cases: readonly (readonly [Partial<NostrEvent>, RegExp])[] = [
      [{ kind: 22_242 }, /kind 27235/],
      [{ created_at: NOW - 61 }, /clock/],
      [{ created_at: NOW + 61 }, /clock/],
      [{ tags: without("u") }, /u tag/],
      [{ tags: [["u", "https://other.example/"], ...without("u")] }, /u tag/],
      [{ tags: without("method") }, /method tag/],
      [{ tags: [["method", "GET"], ...TAGS] }, /method tag/],
      [{ tags: without("payload") }, /payload tag/],
      [{ tags: [["payload", "abc"], ...TAGS] }, /payload tag/],
    ];
    for (const [fields, reason] of cases) assert.match(reasonFor(headerOf(sign(fields))), reason);
    for (const offset of [-60, 60]) {
      assert.equal(reasonFor(headerOf(sign({ created_at: NOW + offset }))), "");
    }
  });

  it("that holds no event is refused, and never throws", () => {
    const basic = `Basic ${Buffer.from("a:b").toString("base64")}`;
    for (const header of [
      undefined,
      "",
      "Nostr",
      "Nostr ",
      basic,
      "Nostr é",
      "Nostr ====",
      "Nostr a",
    ]) {
      assert.notEqual(reasonFor(header), "");
    }
    for (const value of [null, [], "text", {}, { ...sign(), tags: "none" }, { ...sign(), id: 1 }]) {
      assert.notEqual(reasonFor(headerOf(value)), "");
    }
    const invalidUtf8 = Buffer.from([0x7b, 0xff, 0x7d]).toString("base64");
    assert.match(reasonFor(`Nostr ${invalidUtf8}`), /no event/);
    fc.assert(fc.property(fc.base64String(), (text) => reasonFor(`Nostr ${text}`) !== ""));
  });

  it("proves nothing for another body, or without a signature", () => {
    const reasonOf = (event: NostrEvent, given: Uint8Array) => {
      const verified = verifyHttpAuth(event, given, crypto);
      return verified.ok ? "" : verified.reason;
    };
    assert.equal(reasonOf(sign(), body), "");
    assert.match(reasonOf(sign(), Buffer.from(`${body} `)), /hash of the body/);
    assert.match(reasonOf({ ...sign(), sig: "0".repeat(128) }, body), /signature/);
    assert.match(reasonOf({ ...sign(), content: "forged" }, body), /id does not match/);
  });
});
