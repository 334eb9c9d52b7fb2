import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signEvent, type VerifiedEvent } from "../../src/nostr/event.ts";
import { generateSecretKey, type SecretKey } from "../../src/nostr/key.ts";
import type { Prefix } from "../../src/nostr/message.ts";
import { accept, reject, type Verdict } from "../../src/nostr/verdict.ts";
import { authTemplate } from "../../src/transport/auth-event.ts";
import { initiate, type Session } from "../../src/transport/session.ts";
import { nodeCrypto, textsOf } from "../transport/sessions.ts";
import { Listener, TestRelay } from "./relay.ts";
import { type MemorySocket, quiet } from "./sockets.ts";

describe("a refused client", () => {
  const codes: readonly (readonly [Prefix, number])[] = [
    ["auth-required", 4002],
    ["restricted", 4003],
    ["blocked", 4003],
    ["rate-limited", 4004],
    ["error", 4008],
  ];
  for (const [prefix, code] of codes) {
    it(`learns ${prefix} and ${code}, and both ends close in order`, async () => {
      const relay = new TestRelay();
      relay.admit = async () => reject(prefix, "not you");
      const listener = new Listener(await relay.dial());
      await quiet();
      const { accepted, clientSocket, relaySocket } = relay.visit;
      assert.deepEqual((await accepted).refusal, {
        code: "refused",
        verdict: reject(prefix, "not you"),
      });
      assert.deepEqual(listener.ends, [{ code, reason: `${prefix}: not you`, clean: true }]);
      assert.deepEqual(listener.texts, []);
      assert.equal(clientSocket.closed?.code, 1000);
      assert.equal(relaySocket.closed?.code, 1000);
      assert.equal(relay.clock.pending, 0);
    });
  }

  it("costs no look at its signature where the event is not for this channel", async () => {
    const relay = new TestRelay();
    const verified: string[] = [];
    relay.crypto = {
      ...nodeCrypto,
      verifySchnorr(...args) {
        verified.push("signature");
        return nodeCrypto.verifySchnorr(...args);
      },
    };
    const { session: other } = await rawClient(relay);
    for (const [bound, cost] of [
      [other, 0],
      [undefined, 1],
    ] as const) {
      const { session, socket } = await rawClient(relay);
      socket.send(session.sealFirst(authText(relay, bound ?? session)));
      const { channel } = await relay.visit.accepted;
      assert.equal(channel === undefined, bound === other);
      assert.equal(verified.length, cost);
    }
  });

  it("learns a long reason from the close frame, cut to 123 bytes", async () => {
    const relay = new TestRelay();
    const { session, socket, received } = await rawClient(relay);
    relay.admit = async () => reject("restricted", "é".repeat(300));
    socket.send(session.sealFirst(authText(relay, session)));
    await quiet();
    const [verdict, close] = received;
    assert.equal(verdict?.length, 272);
    const [, id, accepted, reason] = JSON.parse(textsOf(session.open(verdict))[0] ?? "");
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.deepEqual([accepted, reason], [false, "restricted: refused"]);
    const [event] = session.open(close ?? verdict);
    assert.deepEqual(event, { type: "close", code: 4003, reason: `restricted: ${"é".repeat(55)}` });
  });

  it("is given up after five seconds where it does not answer, with what it sent meanwhile", async () => {
    const relay = new TestRelay();
    relay.admit = async () => reject("restricted", "no");
    const { session, socket, relaySocket } = await rawClient(relay);
    socket.send(session.sealFirst(authText(relay, session)));
    await quiet();
    for (const frame of session.sealMessages(['["REQ","a",{}]'])) socket.send(frame);
    await quiet();
    relay.clock.advance(4_999);
    assert.equal(relaySocket.closed, undefined);
    relay.clock.advance(1);
    assert.deepEqual(relaySocket.closed, { code: 4000, reason: undefined });
  });
});

describe("a client that is let in", () => {
  it("learns it in a frame of one size, whatever else it is told in the same tick", async () => {
    for (const answers of [[], ["first", "second"]]) {
      const relay = new TestRelay();
      const { session, socket, received } = await rawClient(relay);
      socket.send(session.sealFirst(authText(relay, session)));
      const { channel } = await relay.visit.accepted;
      for (const text of answers) channel?.send(text);
      await quiet();
      const [verdict, ...frames] = received;
      assert.equal(verdict?.length, 272);
      const [ok, ...others] = textsOf(session.open(verdict));
      assert.match(ok ?? "", /^\["OK","[0-9a-f]{64}",true,""\]$/);
      assert.deepEqual(others, []);
      assert.deepEqual(
        frames.flatMap((frame) => textsOf(session.open(frame))),
        answers,
      );
    }
  });
});

describe("an anonymous client", () => {
  it("is let in where the relay says optional", async () => {
    const relay = new TestRelay();
    relay.auth = "optional";
    const { session, socket, received, hello } = await rawClient(relay);
    assert.equal(hello.auth, "optional");
    socket.send(session.sealFirst('["ANON"]'));
    await quiet();
    const { channel } = await relay.visit.accepted;
    assert.equal(channel?.peer.pubkeys.size, 0);
    assert.equal(received[0]?.length, 272);
    assert.deepEqual(textsOf(session.open(received[0])), ['["OK","",true,""]']);
  });

  it("is refused where the relay requires a key", async () => {
    const relay = new TestRelay();
    const { session, socket, received } = await rawClient(relay);
    socket.send(session.sealFirst('["ANON"]'));
    await quiet();
    const { refusal } = await relay.visit.accepted;
    assert.equal(refusal?.code, "refused");
    const texts = received.flatMap((frame) => session.open(frame));
    assert.equal(texts.length, 2);
    assert.match(JSON.stringify(texts[0]), /\[\\"OK\\",\\"\\",false,\\"auth-required: /);
    assert.ok(texts[1]?.type === "close" && texts[1].code === 4002);
  });

  it("is asked for by policy with no key", async () => {
    const relay = new TestRelay();
    relay.auth = "optional";
    const asked: unknown[] = [];
    relay.admit = async (pubkey) => {
      asked.push(pubkey);
      return reject("restricted", "members only");
    };
    const { session, socket } = await rawClient(relay);
    socket.send(session.sealFirst('["ANON"]'));
    await quiet();
    assert.deepEqual(asked, [undefined]);
    assert.equal((await relay.visit.accepted).refusal?.code, "refused");
  });
});

describe("until the verdict", () => {
  it("nothing is read, and then everything comes in order", async () => {
    const relay = new TestRelay();
    const { promise, resolve } = deferred<Verdict>();
    relay.admit = () => promise;
    const link = await relay.dial();
    const sent = ['["REQ","a",{}]', "x".repeat(4_000), '["CLOSE","a"]'];
    for (const text of sent) {
      link.send(text);
      await quiet();
    }
    const { accepted, relaySocket } = relay.visit;
    assert.equal(relaySocket.paused, true);
    resolve(accept);
    const { channel } = await accepted;
    assert.ok(channel);
    const listener = new Listener(channel);
    assert.equal(relaySocket.paused, false);
    assert.deepEqual(listener.texts, sent);
  });

  it("a policy that throws lets nobody in", async () => {
    const relay = new TestRelay();
    relay.admit = () => Promise.reject(new Error("database gone"));
    const listener = new Listener(await relay.dial());
    await quiet();
    assert.deepEqual((await relay.visit.accepted).refusal, { code: "internal" });
    assert.deepEqual(relay.visit.relaySocket.closed, { code: 4000, reason: undefined });
    assert.equal(listener.end?.clean, false);
  });

  it("a policy that takes too long lets nobody in", async () => {
    const relay = new TestRelay();
    const { promise, resolve } = deferred<Verdict>();
    relay.admit = () => promise;
    const listener = new Listener(await relay.dial());
    await quiet();
    relay.clock.advance(60_000);
    resolve(accept);
    await quiet();
    assert.deepEqual((await relay.visit.accepted).refusal, { code: "timeout" });
    assert.equal(listener.end?.clean, false);
  });

  it("a client that leaves is gone", async () => {
    const relay = new TestRelay();
    const { socket } = await rawClient(relay);
    socket.close(1000);
    assert.deepEqual((await relay.visit.accepted).refusal, { code: "gone" });
    assert.equal(relay.clock.pending, 0);
  });
});

describe("more keys", () => {
  it("count up to eight; a ninth is refused, a known one is not", async () => {
    const relay = new TestRelay();
    relay.auth = "optional";
    const { session, socket } = await rawClient(relay);
    socket.send(session.sealFirst('["ANON"]'));
    const { channel } = await relay.visit.accepted;
    assert.ok(channel);
    const secrets = Array.from({ length: 9 }, () => generateSecretKey(nodeCrypto));
    const verdicts: Verdict[] = [];
    for (const secret of secrets)
      verdicts.push(await channel.authenticate(authEvent(relay, session, secret)));
    assert.ok(verdicts.slice(0, 8).every(({ accepted }) => accepted));
    const ninth = verdicts[8];
    assert.ok(ninth && !ninth.accepted && ninth.prefix === "restricted");
    assert.equal(channel.peer.pubkeys.size, 8);
    const again = await channel.authenticate(authEvent(relay, session, secrets[0]));
    assert.equal(again.accepted, true);
  });

  it("must prove themselves on this very channel", async () => {
    const relay = new TestRelay();
    const { session: other } = await rawClient(relay);
    const { channel } = await relay.connected();
    const verdict = await channel.authenticate(authEvent(relay, other));
    assert.ok(!verdict.accepted && verdict.prefix === "auth-required");
    assert.equal(channel.peer.pubkeys.size, 1);
    assert.equal(channel.challenge, undefined);
  });
});

/** A client that does what the test says: it has opened message 2 and sent nothing. */
async function rawClient(relay: TestRelay): Promise<{
  readonly session: Session;
  readonly hello: { readonly auth: string };
  readonly socket: MemorySocket;
  readonly relaySocket: MemorySocket;
  readonly received: Uint8Array[];
}> {
  const initiation = initiate(relay.key, nodeCrypto);
  const socket = relay.connect(relay.address.url, initiation.protocols);
  const received: Uint8Array[] = [];
  socket.handlers = {
    message: (data) => received.push(typeof data === "string" ? new Uint8Array(0) : data),
    close: () => {},
  };
  await quiet();
  const [message2] = received.splice(0);
  const { session, hello } = initiation.readMessage2(message2 ?? new Uint8Array(0), 2 ** 20);
  return { session, hello, socket, relaySocket: relay.visit.relaySocket, received };
}

function authText(relay: TestRelay, session: Session): string {
  return `["AUTH",${authEvent(relay, session).json}]`;
}

function authEvent(
  { key, address, clock }: TestRelay,
  { handshakeHash }: Session,
  secret: SecretKey = generateSecretKey(nodeCrypto),
): VerifiedEvent {
  const template = authTemplate({ relay: key, handshakeHash }, address.canonical, clock.now());
  return signEvent(template, secret, nodeCrypto);
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
