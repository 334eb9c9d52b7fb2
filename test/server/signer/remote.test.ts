/** Remote signers in memory: what is asked, and every way not to be answered. Time is the test's. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decrypt, encrypt, getConversationKey } from "nostr-tools/nip44";
import { DialError } from "../../../src/channel/errors.ts";
import type { Link, LinkHandlers } from "../../../src/channel.ts";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { parseBunker } from "../../../src/nostr/bunker.ts";
import { type NostrEvent, parseEvent, signEvent } from "../../../src/nostr/event.ts";
import { generateSecretKey, publicKeyOf, type SecretKey } from "../../../src/nostr/key.ts";
import { RemoteSigner, type RemoteSignerOptions } from "../../../src/server/signer/remote.ts";
import { TestClock } from "../../channel/clock.ts";

const crypto = createNodeCrypto();
const TEMPLATE = { kind: 22_242, created_at: 1_770_000_000, tags: [["relay", "x"]], content: "" };

interface Asked {
  readonly id: string;
  readonly method: string;
  readonly params: readonly string[];
}

describe("a remote signer", () => {
  it("is asked over each of its relays, and the first answer counts", async () => {
    const { signer, relays, asked, answer } = setUp();
    const key = signer.getPublicKey();
    const [request] = await asked(2);
    assert.deepEqual([request?.method, request?.params], ["get_public_key", []]);
    assert.deepEqual(
      relays.map((relay) => relay.urls),
      [["wss://a.example"], ["wss://b.example"]],
    );
    answer(1, { id: request?.id, result: user });
    answer(0, { id: request?.id, result: "something else" });
    assert.equal(await key, user);
  });

  it("signs, and may be asked again over the same relays", async () => {
    const { signer, relays, asked, answer } = setUp({ user });
    for (const round of [1, 2]) {
      const signed = signer.signEvent(TEMPLATE);
      const requests = await asked(2 * round);
      const request = requests.at(-1);
      assert.deepEqual(JSON.parse(request?.params[0] ?? ""), TEMPLATE);
      const event = signEvent(TEMPLATE, userKey, crypto);
      answer(0, { id: request?.id, result: event.json });
      assert.deepEqual(await signed, JSON.parse(event.json));
    }
    assert.deepEqual(relays[0]?.urls.length, 1);
  });

  it("accepts the connection by ack or by the secret, and by nothing else", async () => {
    for (const [result, accepted] of [
      ["ack", true],
      ["s3cret", true],
      ["no", false],
      ["", false],
    ] as const) {
      const { signer, asked, answer } = setUp();
      const connected = signer.connect();
      const [request] = await asked(2);
      assert.equal(request?.method, "connect");
      assert.deepEqual(request?.params.slice(0, 3), [bunkerKey, "s3cret", "sign_event:22242"]);
      answer(0, { id: request?.id, result });
      if (accepted) await connected;
      else await assert.rejects(connected, { name: "DialError", code: "signer" });
    }
  });

  it("refuses: its words are passed on, without what could steer a terminal", async () => {
    const { signer, asked, answer } = setUp();
    const signed = signer.signEvent(TEMPLATE);
    const [request] = await asked(2);
    answer(0, { id: request?.id, result: "", error: "not\u001b[2J today" });
    const message = "the signer refused: not\\u001b[2J today";
    await assert.rejects(signed, { code: "signer", message });
  });

  it("never answers: that ends at the deadline, and nothing is kept", async () => {
    const { signer, clock, asked } = setUp();
    const signed = signer.signEvent(TEMPLATE);
    await asked(2);
    clock.advance(54_999);
    assert.equal(clock.pending, 1);
    clock.advance(1);
    const message = "the signer has not answered for 55 seconds";
    await assert.rejects(signed, { code: "signer-timeout", message });
    assert.equal(clock.pending, 0);
  });

  it("cannot be asked when all of its relays fail, and can when one does not", async () => {
    const failing = setUp({ dial: () => Promise.reject(new DialError("unreachable", "gone")) });
    await assert.rejects(failing.signer.getPublicKey(), {
      code: "signer-unreachable",
      message: "the signer cannot be asked over any of its relays: gone",
    });
    const { signer, relays, asked, answer } = setUp();
    const key = signer.getPublicKey();
    const [request] = await asked(2);
    relays[0]?.end();
    answer(1, { id: request?.id, result: user });
    assert.equal(await key, user);
    const lost = signer.getPublicKey();
    await asked(4);
    assert.equal(relays[0]?.urls.length, 2, "dialled again");
    for (const relay of relays) relay.end();
    await assert.rejects(lost, { code: "signer-unreachable" });
  });

  it("cannot be asked when its relays refuse the request", async () => {
    const { signer, relays, asked } = setUp();
    const key = signer.getPublicKey();
    await asked(2);
    for (const relay of relays) {
      relay.say(["OK", "00".repeat(32), false, "of another"]);
      relay.say(["OK", relay.eventIds[0], false, "blocked: no"]);
    }
    await assert.rejects(key, { code: "signer-unreachable", message: /it refuses: blocked: no$/ });
  });

  it("is asked again where a relay wants to know who asks (NIP-42), once", async () => {
    const { signer, relays, asked, answer } = setUp();
    const key = signer.getPublicKey();
    const [request] = await asked(2);
    const [first, second] = relays;
    assert.ok(first && second);
    first.say(["AUTH", "c".repeat(257)]);
    first.say(["AUTH", "challenge"]);
    first.say(["AUTH", "another"]);
    assert.deepEqual(first.verbs, ["REQ", "EVENT", "AUTH", "REQ"]);
    assert.deepEqual(first.auth?.tags, [
      ["relay", "wss://a.example"],
      ["challenge", "challenge"],
    ]);
    first.say(["OK", first.eventIds[0], false, "auth-required: who are you?"]);
    assert.deepEqual(first.verbs.slice(4), ["EVENT"]);
    assert.equal(first.eventIds[1], first.eventIds[0]);
    first.say(["OK", first.eventIds[0], false, "auth-required: still"]);
    second.say(["OK", second.eventIds[0], false, "auth-required: but did not ask"]);
    await assert.rejects(key, { code: "signer-unreachable", message: /did not ask$/ });

    const again = signer.getPublicKey();
    const requests = await asked(5);
    first.say(["OK", first.eventIds.at(-1), false, "auth-required: who are you?"]);
    answer(0, { id: requests.at(-1)?.id, result: user });
    assert.equal(await again, user);
    assert.notEqual(request?.id, requests.at(-1)?.id);
  });

  it("is not taken for anybody else, and nonsense is not listened to", async () => {
    const { signer, relays, asked, answer, seal } = setUp();
    const key = signer.getPublicKey();
    const [request] = await asked(2);
    const right = { id: request?.id, result: user };
    const forged = { ...right, result: bunkerKey };
    const relay = relays[0];
    relay?.say(["EVENT", "other", seal(forged)]);
    relay?.say(["EVENT", "signer", seal(forged, generateSecretKey(crypto))]);
    relay?.say(["EVENT", "signer", { ...seal(forged), sig: "0".repeat(128) }]);
    relay?.say(["EVENT", "signer", { ...seal(forged), content: "AA" }]);
    relay?.say(["EVENT", "signer", seal("not an object")]);
    relay?.say(["EVENT", "signer", signed("AmNvbnRlbnQ=")]);
    relay?.say(["EVENT", "signer", signed("A".repeat(200_000))]);
    relay?.say(["EVENT", "signer"]);
    relay?.say("not JSON");
    answer(0, { id: "unknown", result: user });
    answer(0, { id: request?.id, result: 7 });
    answer(0, right);
    assert.equal(await key, user);
  });

  it("says which page to visit, once, if it is one", async () => {
    const { signer, asked, answer, pages } = setUp();
    const key = signer.getPublicKey();
    const [request] = await asked(2);
    for (const url of ["https://signer.example/x", "https://signer.example/y"]) {
      answer(0, { id: request?.id, result: "auth_url", error: url });
    }
    answer(0, { id: request?.id, result: user });
    assert.equal(await key, user);
    const again = signer.getPublicKey();
    const requests = await asked(4);
    answer(0, { id: requests.at(-1)?.id, result: "auth_url", error: "file:///etc/passwd" });
    answer(0, { id: requests.at(-1)?.id, result: user });
    await again;
    assert.deepEqual(pages, ["https://signer.example/x"]);
  });

  it("that answers with another key, or with nonsense, is not believed", async () => {
    const { signer, asked, answer } = setUp({ user });
    const other = signEvent(TEMPLATE, generateSecretKey(crypto), crypto);
    for (const [index, result] of [other.json, "{", "[]"].entries()) {
      const signing = signer.signEvent(TEMPLATE);
      const requests = await asked(2 * (index + 1));
      answer(0, { id: requests.at(-1)?.id, result });
      await assert.rejects(signing, { code: "signer", message: /with the key that it had named/ });
    }
    const key = signer.getPublicKey();
    answer(0, { id: (await asked(8)).at(-1)?.id, result: "npub1…" });
    await assert.rejects(key, { code: "signer" });
  });

  it("with a key that is none is an error, not a crash", () => {
    const bunker = parseBunker(`bunker://${"f".repeat(64)}?relay=wss://a.example`);
    assert.ok(bunker.ok);
    const { value } = bunker;
    assert.throws(() => setUp({ bunker: value }), { name: "DialError", code: "signer" });
  });

  it("is left in order", async () => {
    const { signer, relays, asked } = setUp();
    signer.getPublicKey().catch(() => {});
    await asked(2);
    signer.close();
    await new Promise(setImmediate);
    assert.deepEqual(
      relays.map((relay) => relay.closed),
      [true, true],
    );
  });
});

const userKey = generateSecretKey(crypto);
const user = publicKeyOf(userKey, crypto);
const bunkerSecret = generateSecretKey(crypto);
const bunkerKey = publicKeyOf(bunkerSecret, crypto);

function signed(content: string, key: SecretKey = bunkerSecret) {
  const template = { kind: 24_133, created_at: 1_770_000_000, tags: [], content };
  return JSON.parse(signEvent(template, key, crypto).json);
}

function setUp(options: Partial<RemoteSignerOptions> = {}) {
  const clock = new TestClock();
  const clientKey = generateSecretKey(crypto);
  const conversationKey = getConversationKey(clientKey, bunkerKey);
  const relays = [new FakeRelay(), new FakeRelay()];
  const pages: string[] = [];
  const bunker = parseBunker(
    `bunker://${bunkerKey}?relay=wss://a.example&relay=wss://b.example&secret=s3cret`,
  );
  assert.ok(bunker.ok);
  const signer = new RemoteSigner({
    bunker: bunker.value,
    clientKey,
    crypto,
    clock,
    deadline: 55_000,
    dial: async (url) => {
      const relay = relays[url === "wss://a.example" ? 0 : 1];
      assert.ok(relay);
      return relay.dial(url);
    },
    onAuthUrl: (url) => pages.push(url),
    ...options,
  });
  const seal = (message: unknown, key?: SecretKey) =>
    signed(encrypt(JSON.stringify(message), conversationKey), key);
  return {
    signer,
    clock,
    relays,
    pages,
    seal,
    answer: (relay: number, message: object) =>
      relays[relay]?.say(["EVENT", "signer", seal(message)]),
    /** What the signer reads, once so many events have come to its relays. */
    async asked(count: number): Promise<readonly Asked[]> {
      while (relays.reduce((sum, relay) => sum + relay.contents.length, 0) < count) {
        await new Promise(setImmediate);
      }
      return (relays[1]?.contents ?? []).map((content) =>
        JSON.parse(decrypt(content, conversationKey)),
      );
    },
  };
}

/** The relay's end of a link, by hand. */
class FakeRelay {
  readonly urls: string[] = [];
  readonly contents: string[] = [];
  readonly eventIds: string[] = [];
  readonly verbs: unknown[] = [];
  auth: NostrEvent | undefined;
  closed = false;
  #handlers: LinkHandlers | undefined;

  dial(url: string): Link {
    this.urls.push(url);
    return {
      bufferedAmount: 0,
      start: (handlers) => {
        this.#handlers = handlers;
      },
      send: (text) => this.#receive(JSON.parse(text)),
      pause() {},
      resume() {},
      close: () => {
        this.closed = true;
      },
    };
  }

  say(message: unknown): void {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    this.#handlers?.message(text);
  }

  end(): void {
    this.#handlers?.end({ code: 1006, reason: "", clean: false });
  }

  #receive([verb, value]: readonly unknown[]): void {
    this.verbs.push(verb);
    if (verb === "REQ") return;
    const event = parseEvent(value);
    assert.ok(event.ok);
    if (verb === "AUTH") {
      this.auth = event.value;
      return;
    }
    this.contents.push(event.value.content);
    this.eventIds.push(event.value.id);
  }
}
