import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Signer, SignerTemplate } from "../../src/channel/dial.ts";
import { DialError } from "../../src/channel/errors.ts";
import { refusal } from "../../src/channel/refusal.ts";
import type { SocketFailure } from "../../src/channel.ts";
import { signEvent } from "../../src/nostr/event.ts";
import { generateSecretKey } from "../../src/nostr/key.ts";
import { nodeCrypto } from "../transport/sessions.ts";
import { Listener, newSigner, TestRelay } from "./relay.ts";
import { MemorySocket, quiet } from "./sockets.ts";

const REQ = '["REQ","a",{}]';

describe("dialling", () => {
  it("lets the first REQ leave in the flight of the auth event", async () => {
    const relay = new TestRelay();
    const signer = newSigner();
    const link = await relay.dial({ signer });
    link.send(REQ);
    await Promise.resolve();
    const { clientSocket, relaySocket, url, accepted } = relay.visit;
    assert.equal(clientSocket.sent.length, 2);
    assert.equal(relaySocket.sent.length, 1, "message 2 and no verdict yet");
    const { channel } = await accepted;
    assert.ok(channel);
    const listener = new Listener(channel);
    await quiet();
    assert.deepEqual(listener.texts, [REQ]);
    assert.deepEqual([...channel.peer.pubkeys], [await signer.getPublicKey()]);
    assert.equal(channel.peer.address, "192.0.2.1");
    assert.equal(url, "ws://relay.example:7447");
  });

  it("keeps the verdict to itself", async () => {
    const { link, channel } = await new TestRelay().connected();
    const listener = new Listener(link);
    channel.send('["EOSE","a"]');
    await quiet();
    assert.deepEqual(listener.texts, ['["EOSE","a"]']);
  });

  it("leaves no timer behind", async () => {
    const relay = new TestRelay();
    await relay.connected();
    assert.equal(relay.clock.pending, 0);
  });

  it("makes a new offer every time", async () => {
    const relay = new TestRelay();
    await relay.connected();
    await relay.connected();
    const [first, second] = relay.visits.map(({ protocols }) => protocols);
    assert.equal(first?.[0], second?.[0]);
    assert.notEqual(first?.[1], second?.[1]);
  });
});

describe("dialling what is not the relay", () => {
  it("fails where another key answers", async () => {
    const [expected, actual] = [new TestRelay(), new TestRelay()];
    await fails(expected.dial({ connect: actual.connect }), "offer-refused");
    assert.equal(actual.visit.clientSocket.sent.length, 0);
  });

  const answers: Readonly<Record<string, (socket: MemorySocket) => void>> = {
    "not-npubwire": (socket) => socket.receive('["AUTH","challenge"]'),
    "wrong-relay": (socket) => socket.receive(new Uint8Array(304).fill(1)),
    "connection-failed": (socket) => socket.lose(),
    unreachable: (socket) => socket.lose({ cause: new Error("ECONNREFUSED") }),
  };
  for (const [code, answer] of Object.entries(answers)) {
    it(`fails with ${code} and says nothing`, async () => {
      const socket = new MemorySocket();
      const dialling = new TestRelay().dial({ connect: () => socket });
      socket.open();
      answer(socket);
      await fails(dialling, code);
      assert.equal(socket.sent.length, 0);
      assert.deepEqual(socket.closed, { code: 4000, reason: undefined });
    });
  }

  it("fails where the suite was not selected, before any message", async () => {
    for (const protocol of ["", "nostr", "npubwire.2"]) {
      const socket = new MemorySocket(protocol);
      const dialling = new TestRelay().dial({ connect: () => socket });
      socket.open();
      await fails(dialling, "not-npubwire");
    }
  });

  it("tells the status of a refused upgrade", async () => {
    const codes = {
      400: "offer-malformed",
      403: "offer-refused",
      429: "rate-limited",
      503: "not-a-relay",
    };
    for (const [status, code] of Object.entries(codes)) {
      const socket = new MemorySocket();
      const dialling = new TestRelay().dial({ connect: () => socket });
      const failure: SocketFailure = {
        status: Number(status),
        cause: refusal(Number(status)),
      };
      socket.lose(failure);
      await fails(dialling, code);
    }
  });

  it("fails with a DialError where connecting itself throws", async () => {
    const connect = (): never => {
      throw new SyntaxError("no such URL");
    };
    await fails(new TestRelay().dial({ connect }), "unreachable");
  });
});

describe("dialling takes time", () => {
  it("and gives up at the deadline", async () => {
    const relay = new TestRelay();
    const socket = new MemorySocket();
    const dialling = relay.dial({ connect: () => socket, timeout: 10_000 });
    relay.clock.advance(9_999);
    assert.equal(socket.closed, undefined);
    relay.clock.advance(1);
    await fails(dialling, "timeout");
    assert.deepEqual(socket.closed, { code: 4000, reason: undefined });
  });

  it("and ends when the application gives up, at any moment", async () => {
    const relay = new TestRelay();
    for (const moment of ["connecting", "signing", "before"]) {
      const abort = new AbortController();
      if (moment === "before") abort.abort();
      const dialling = relay.dial({ signer: silentSigner() }, abort.signal);
      if (moment === "signing") await quiet();
      abort.abort();
      await fails(dialling, "aborted");
    }
  });

  it("and fails where the clocks are more than a day apart, unsigned", async () => {
    for (const [ahead, code] of [
      [86_401, "clock"],
      [-86_401, "clock"],
    ] as const) {
      const relay = new TestRelay();
      relay.ahead = ahead;
      let asked = 0;
      const signer = {
        ...newSigner(),
        signEvent: async () => {
          asked += 1;
        },
      };
      await fails(relay.dial({ signer }), code);
      assert.equal(asked, 0);
    }
  });

  it("and goes by the relay's clock where they are a day apart", async () => {
    for (const ahead of [86_400, -86_400]) {
      const relay = new TestRelay();
      relay.ahead = ahead;
      await relay.connected();
    }
  });
});

describe("a signer", () => {
  it("is asked for the auth event of SPEC and nothing else", async () => {
    const relay = new TestRelay();
    const asked: SignerTemplate[] = [];
    const signer = newSigner();
    await relay.connected({
      signer: {
        ...signer,
        signEvent(template) {
          asked.push(structuredClone(template));
          return signer.signEvent(template);
        },
      },
    });
    const [template] = asked;
    assert.equal(asked.length, 1);
    assert.equal(template?.kind, 22242);
    assert.equal(template.created_at, relay.clock.now());
    assert.deepEqual(template.tags[0], ["relay", relay.address.canonical]);
    assert.match(template.tags[1]?.[1] ?? "", /^[0-9a-f]{64}$/);
    assert.deepEqual(template.tags.slice(2), [
      ["p", relay.key],
      ["transport", "npubwire/1"],
    ]);
  });

  const wrong: Readonly<Record<string, (template: SignerTemplate) => unknown>> = {
    rejects: () => Promise.reject(new Error("the user said no")),
    throws: () => {
      throw new Error("broken");
    },
    "returns nothing": () => undefined,
    "returns a text": () => "event",
    "returns another kind": (template) => signed({ ...template, kind: 1 }),
    "returns other tags": (template) => signed({ ...template, tags: [] }),
    "returns another time": (template) => signed({ ...template, created_at: 1 }),
    "returns a content": (template) => signed({ ...template, content: "x" }),
    "returns an event that it did not sign": (template) => ({
      ...signed(template),
      sig: "00".repeat(64),
    }),
    "returns an id that is wrong": (template) => ({ ...signed(template), id: "00".repeat(32) }),
  };
  for (const [what, signEvent] of Object.entries(wrong)) {
    it(`that ${what} is an error of the signer`, async () => {
      const relay = new TestRelay();
      const signer: Signer = { ...newSigner(), signEvent: async (template) => signEvent(template) };
      await fails(relay.dial({ signer }), "signer");
      assert.equal(relay.visit.clientSocket.sent.length, 0);
      assert.deepEqual((await relay.visit.accepted).refusal, { code: "gone" });
    });
  }

  it("that says more precisely why it failed is taken at its word", async () => {
    const signEvent = () => Promise.reject(new DialError("signer-timeout", "no answer"));
    await fails(new TestRelay().dial({ signer: { ...newSigner(), signEvent } }), "signer-timeout");
  });

  it("may add tags, as long as they fit into the first frame", async () => {
    const adding = (length: number): Signer => ({
      ...newSigner(),
      signEvent: async (template) =>
        signed({ ...template, tags: [...template.tags, ["client", "x".repeat(length)]] }),
    });
    await new TestRelay().connected({ signer: adding(50) });
    await fails(new TestRelay().dial({ signer: adding(500) }), "first-frame");
  });

  it("that never answers waits until the relay gives up", async () => {
    const relay = new TestRelay();
    const dialling = relay.dial({ signer: silentSigner() });
    const failed = fails(dialling, "truncated");
    await quiet();
    relay.clock.advance(60_000);
    await failed;
    const { accepted, relaySocket } = relay.visit;
    assert.deepEqual((await accepted).refusal, { code: "timeout" });
    assert.deepEqual(relaySocket.closed, { code: 4000, reason: undefined });
  });

  it("that is slow does not make a relay that speaks first look right", async () => {
    const relay = new TestRelay();
    const dialling = relay.dial({ signer: silentSigner() });
    const failed = fails(dialling, "verdict");
    await quiet();
    relay.visit.clientSocket.receive(new Uint8Array(272));
    await failed;
  });
});

describe("a message that the relay does not take", () => {
  it("fails locally and leaves the link as it was", async () => {
    const relay = new TestRelay();
    relay.maxMessage = 1_024;
    const { link, channel } = await relay.connected();
    const listener = new Listener(channel);
    for (const text of ["x".repeat(1_025), "é".repeat(513)]) {
      assert.throws(() => link.send(text), isCode("message-too-long"));
    }
    link.send("x".repeat(1_024));
    link.send("é".repeat(512));
    await quiet();
    assert.deepEqual(
      listener.texts.map((text) => text.length),
      [1_024, 512],
    );
  });
});

function silentSigner(): Signer {
  return { ...newSigner(), signEvent: () => new Promise(() => {}) };
}

function signed(template: SignerTemplate): object {
  const { json } = signEvent(template, generateSecretKey(nodeCrypto), nodeCrypto);
  return JSON.parse(json);
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof DialError && error.code === code;
}

async function fails(dialling: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(dialling, (error: unknown) => {
    assert.ok(error instanceof DialError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
