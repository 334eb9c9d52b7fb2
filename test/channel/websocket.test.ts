/** The drop-in class: what WHATWG says of a WebSocket, and that nothing leads to plaintext. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DialError } from "../../src/channel/errors.ts";
import {
  SecureCloseEvent,
  SecureErrorEvent,
  SecureMessageEvent,
} from "../../src/channel/events.ts";
import {
  type SecureWebSocket,
  type SecureWebSocketConstructor,
  type SecureWebSocketOptions,
  secureWebSocketClass,
} from "../../src/channel/websocket.ts";
import { encodeNpub } from "../../src/nostr/key.ts";
import { reject } from "../../src/nostr/verdict.ts";
import { nodeCrypto } from "../transport/sessions.ts";
import { Listener, newSigner, TestRelay } from "./relay.ts";
import { MemorySocket, quiet } from "./sockets.ts";

class PlainWebSocket {
  static readonly dialled: string[] = [];
  readonly protocols: unknown;

  constructor(url: string, protocols?: string | string[]) {
    PlainWebSocket.dialled.push(url);
    this.protocols = protocols;
  }
}

describe("a socket", () => {
  it("opens, carries texts and closes, with events in order", async () => {
    const { relay, socket, events } = open();
    assert.equal(socket.readyState, 0);
    assert.equal(socket.url, relay.address.canonical);
    await quiet();
    assert.equal(socket.readyState, 1);
    const channel = await accepted(relay);
    const heard = new Listener(channel);
    socket.send('["REQ","a",{}]');
    assert.equal(socket.bufferedAmount, 14);
    await quiet();
    assert.deepEqual(heard.texts, ['["REQ","a",{}]']);
    channel.send('["EOSE","a"]');
    channel.close(4001, "restarting");
    await quiet();
    assert.equal(socket.readyState, 3);
    assert.deepEqual(events, ["open", 'message ["EOSE","a"]', "close 4001 restarting clean"]);
  });

  it("gives properties and listeners the same events, with itself as the target", async () => {
    const { relay, socket } = open();
    const seen: unknown[] = [];
    const note = (event: Event): number => seen.push([event.type, event.target === socket, event]);
    socket.onopen = note;
    socket.onmessage = note;
    socket.onclose = note;
    for (const type of ["open", "message", "close"]) socket.addEventListener(type, note);
    await quiet();
    const channel = await accepted(relay);
    new Listener(channel);
    channel.send("x");
    channel.close(1000, "");
    await quiet();
    assert.equal(seen.length, 6);
    for (let index = 0; index < 6; index += 2) assert.deepEqual(seen[index], seen[index + 1]);
    const [, , [, isTarget, message]] = seen as [unknown, unknown, [string, boolean, Event]];
    assert.ok(isTarget && message instanceof SecureMessageEvent && message.data === "x");
  });

  it("has the constants and the fixed properties of WHATWG", () => {
    const { socket, WebSocket } = open();
    for (const holder of [socket, WebSocket]) {
      const { CONNECTING, OPEN, CLOSING, CLOSED } = holder;
      assert.deepEqual([CONNECTING, OPEN, CLOSING, CLOSED], [0, 1, 2, 3]);
    }
    assert.deepEqual([socket.protocol, socket.extensions, socket.binaryType], ["", "", "blob"]);
    assert.deepEqual(
      [socket.onopen, socket.onmessage, socket.onerror, socket.onclose],
      [null, null, null, null],
    );
    assert.ok(socket instanceof EventTarget);
  });

  it("sends texts only, and only when it is open", async () => {
    const { relay, socket } = open();
    assert.throws(() => socket.send("x"), { name: "InvalidStateError" });
    await quiet();
    for (const data of [new Uint8Array(1), new ArrayBuffer(1), 1, null]) {
      assert.throws(() => socket.send(data as unknown as string), TypeError);
    }
    const heard = new Listener(await accepted(relay));
    socket.close();
    socket.send("x");
    await quiet();
    socket.send("x");
    assert.deepEqual(heard.texts, []);
  });

  it("says so when a message is too long for the relay, and goes on", async () => {
    const { relay, socket } = open();
    await quiet();
    const heard = new Listener(await accepted(relay));
    assert.throws(() => socket.send("x".repeat(4_097)), isCode("message-too-long"));
    socket.send("short");
    await quiet();
    assert.deepEqual(heard.texts, ["short"]);
  });

  it("lives on when a handler throws", async () => {
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
    try {
      const { relay, socket, events } = open();
      socket.onmessage = () => {
        throw new Error("the application's");
      };
      await quiet();
      const channel = await accepted(relay);
      new Listener(channel);
      channel.send("a");
      channel.send("b");
      await quiet();
      assert.equal(socket.readyState, 1);
      assert.deepEqual(events, ["open", "message a", "message b"]);
      assert.deepEqual(thrown.map(String), [
        "Error: the application's",
        "Error: the application's",
      ]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
  });
});

describe("close()", () => {
  it("closes in order and reports its own code", async () => {
    const { relay, socket, events } = open();
    await quiet();
    const heard = new Listener(await accepted(relay));
    socket.close(4050, "done");
    assert.equal(socket.readyState, 2);
    await quiet();
    assert.deepEqual(heard.ends, [{ code: 4050, reason: "done", clean: true }]);
    assert.deepEqual(events, ["open", "close 4050 done clean"]);
  });

  it("sends codes that have no meaning here as 1000", async () => {
    for (const code of [1000, 3000, 4000, 4100, 4999, undefined]) {
      const { relay, socket } = open();
      await quiet();
      const heard = new Listener(await accepted(relay));
      socket.close(code);
      await quiet();
      assert.equal(heard.end?.code, 1000);
    }
  });

  it("refuses what WHATWG refuses", async () => {
    const { socket } = open();
    await quiet();
    for (const code of [0, 999, 1001, 1006, 2999, 5000]) {
      assert.throws(() => socket.close(code), { name: "InvalidAccessError" });
    }
    assert.throws(() => socket.close(1000, "é".repeat(62)), { name: "SyntaxError" });
    assert.equal(socket.readyState, 1);
  });

  it("while connecting ends in error and 1006, and stays closed", async () => {
    for (const waits of [0, 1, 2, 3]) {
      const { socket, events } = open();
      for (let tick = 0; tick < waits; tick++) await Promise.resolve();
      socket.close();
      await quiet();
      assert.equal(socket.readyState, 3);
      assert.deepEqual(events, [
        "error aborted",
        "close 1006 aborted: closed while connecting unclean",
      ]);
    }
  });

  it("right after the signer's answer never leads back to open", async () => {
    for (let moment = 0; moment < 20; moment++) {
      const relay = new TestRelay();
      const signer = newSigner();
      const closing = async (): Promise<void> => {
        for (let turn = 0; turn < moment; turn++) await Promise.resolve();
        socket.close();
        assert.equal(socket.readyState >= 2, true);
      };
      const signEvent: typeof signer.signEvent = async (template) => {
        const event = await signer.signEvent(template);
        void closing();
        return event;
      };
      const WebSocket = classOf(relay, { signer: { ...signer, signEvent } });
      const socket = new WebSocket(relay.address.canonical);
      const states: number[] = [];
      socket.onopen = () => states.push(socket.readyState);
      await quiet();
      relay.clock.advance(5_000);
      await quiet();
      assert.equal(socket.readyState, 3);
      assert.ok(states.every((state) => state === 1));
    }
  });

  it("at any moment of the opening never leads back to open", async () => {
    for (let moment = 0; moment < 12; moment++) {
      const { relay, socket, events } = open();
      for (let turn = 0; turn < moment >> 1; turn++)
        await new Promise((resolve) => setImmediate(resolve));
      if (moment & 1) await Promise.resolve();
      socket.close();
      const { length } = events;
      await quiet();
      // Nobody listens at the relay's end where it has accepted already.
      relay.clock.advance(5_000);
      assert.equal(socket.readyState, 3);
      assert.ok(!events.slice(length).includes("open"));
      assert.equal(events.filter((event) => event.startsWith("close")).length, 1);
    }
  });
});

describe("a relay that ends the connection", () => {
  it("is reported as truncated when no close frame came", async () => {
    const { relay, events } = open();
    await quiet();
    relay.visit.clientSocket.lose();
    await quiet();
    assert.match(events.join("; "), /^open; close 1006 truncated: .* unclean$/);
  });

  it("tells the application why it refuses", async () => {
    const relay = new TestRelay();
    relay.admit = async () => reject("restricted", "members only");
    const { socket, events } = open(relay);
    await quiet();
    assert.equal(socket.readyState, 3);
    assert.deepEqual(events, ["open", "close 4003 restricted: members only clean"]);
  });

  it("is refused when it is another one", async () => {
    const [expected, actual] = [new TestRelay(), new TestRelay()];
    const WebSocket = classOf(actual);
    const socket = new WebSocket(expected.address.canonical);
    const events = record(socket);
    await quiet();
    assert.match(events.join("; "), /^error offer-refused; close 1006 offer-refused: .* unclean$/);
  });
});

describe("an address", () => {
  const relay = new TestRelay();
  const npub = encodeNpub(relay.key);

  it("may come from `relays`, by host and port", async () => {
    const WebSocket = classOf(relay, { relays: { "ws://relay.example:7447": npub } });
    for (const url of ["ws://relay.example:7447", "ws://RELAY.example.:7447/path"]) {
      const socket = new WebSocket(new URL(url));
      await quiet();
      assert.equal(socket.readyState, 1);
    }
    assert.equal(relay.visit.url, "ws://relay.example:7447/path");
  });

  it("without an npub is refused before anything is dialled", () => {
    const { length } = relay.visits;
    for (const url of ["ws://relay.example", "wss://relay.example"]) {
      assert.throws(() => new (classOf(relay))(url), isCode("plaintext-refused"));
    }
    const WebSocket = classOf(relay, { relays: { "ws://relay.example:7447": npub } });
    assert.throws(() => new WebSocket("ws://relay.example:7448"), isCode("plaintext-refused"));
    assert.equal(relay.visits.length, length);
    assert.deepEqual(PlainWebSocket.dialled, []);
  });

  it("without an npub goes to the plain class where the application allows it", () => {
    const WebSocket = classOf(relay, {
      plain: "allow",
      relays: { "ws://relay.example:7447": npub },
    });
    const socket: unknown = new WebSocket("ws://plain.example", ["nostr"]);
    assert.ok(socket instanceof PlainWebSocket);
    assert.deepEqual(socket.protocols, ["nostr"]);
    assert.deepEqual(PlainWebSocket.dialled.splice(0), ["ws://plain.example"]);
    new WebSocket("ws://relay.example:7447");
    assert.deepEqual(
      PlainWebSocket.dialled,
      [],
      "what is in the map is never dialled in the plain",
    );
  });

  it("must not contradict `relays`", () => {
    const other = encodeNpub(new TestRelay().key);
    const WebSocket = classOf(relay, {
      plain: "allow",
      relays: { "ws://relay.example:7447": other },
    });
    assert.throws(() => new WebSocket(relay.address.canonical), isCode("address"));
  });

  it("that is malformed is refused, also with plaintext allowed", () => {
    const WebSocket = classOf(relay, { plain: "allow" });
    const bad = [
      "",
      "x",
      "nostr+ws://relay.example",
      `ws://${npub}@relay.example`,
      `nostr+ws://${npub}@`,
    ];
    for (const url of bad) assert.throws(() => new WebSocket(url), isCode("address"), url);
    assert.throws(
      () => classOf(relay, { relays: { "ws://relay.example": "npub1" } }),
      isCode("address"),
    );
    assert.throws(() => classOf(relay, { relays: { "not a url": npub } }), isCode("address"));
    assert.deepEqual(PlainWebSocket.dialled, []);
  });

  it("is dialled with a throwaway key where there is no signer", async () => {
    const WebSocket = classOf(relay);
    const keys = new Set<string>();
    for (let count = 0; count < 2; count++) {
      new WebSocket(relay.address.canonical);
      await quiet();
      for (const key of (await accepted(relay)).peer.pubkeys) keys.add(key);
    }
    assert.equal(keys.size, 2);
  });

  it("that does not answer fails after the time-out", async () => {
    const WebSocket = classOf(relay, { timeout: 1_000 }, () => new MemorySocket());
    const events = record(new WebSocket(relay.address.canonical));
    relay.clock.advance(1_000);
    await quiet();
    assert.match(events.join("; "), /^error timeout; close 1006 timeout: /);
  });
});

function open(relay: TestRelay = new TestRelay()) {
  const WebSocket = classOf(relay);
  const socket = new WebSocket(relay.address.canonical);
  return { relay, WebSocket, socket, events: record(socket) };
}

function classOf(
  relay: TestRelay,
  options: SecureWebSocketOptions = {},
  connect: (url: string, protocols: readonly string[]) => MemorySocket = relay.connect,
): SecureWebSocketConstructor {
  const { clock } = relay;
  return secureWebSocketClass({ crypto: nodeCrypto, clock, connect, PlainWebSocket }, options);
}

/** Every event of a socket, in words. */
function record(socket: SecureWebSocket): readonly string[] {
  const events: string[] = [];
  for (const type of ["open", "message", "error", "close"]) {
    socket.addEventListener(type, (event) => events.push(describeEvent(event)));
  }
  return events;
}

function describeEvent(event: Event): string {
  if (event instanceof SecureMessageEvent) return `message ${event.data}`;
  if (event instanceof SecureErrorEvent) return `error ${event.error.code}`;
  if (event instanceof SecureCloseEvent) {
    return `close ${event.code} ${event.reason} ${event.wasClean ? "clean" : "unclean"}`;
  }
  return event.type;
}

async function accepted(relay: TestRelay) {
  const { channel } = await relay.visit.accepted;
  assert.ok(channel);
  return channel;
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof DialError && error.code === code;
}
