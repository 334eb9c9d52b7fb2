/** Links that are up: order, pauses, and every way to end. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SecureLink } from "../../src/channel/secure.ts";
import type { Link } from "../../src/channel.ts";
import { TransportError } from "../../src/transport/errors.ts";
import { CipherState } from "../../src/transport/noise.ts";
import { Session } from "../../src/transport/session.ts";
import { nodeCrypto } from "../transport/sessions.ts";
import { TestClock } from "./clock.ts";
import { Listener, TestRelay } from "./relay.ts";
import { MemorySocket, quiet } from "./sockets.ts";

/** Both ends of a link and who listens there. */
async function connect() {
  const relay = new TestRelay();
  const { link, channel, clientSocket, relaySocket } = await relay.connected();
  const ends = {
    client: { link: link as Link, socket: clientSocket, heard: new Listener(link) },
    relay: { link: channel as Link, socket: relaySocket, heard: new Listener(channel) },
  };
  await quiet();
  return { clock: relay.clock, ...ends };
}

const DIRECTIONS = [
  ["client", "relay"],
  ["relay", "client"],
] as const;

describe("messages", () => {
  it("of one tick leave in one frame", async () => {
    for (const [from, to] of DIRECTIONS) {
      const ends = await connect();
      const before = ends[from].socket.sent.length;
      for (const text of ["a", "", "b", "c"]) ends[from].link.send(text);
      assert.equal(ends[from].link.bufferedAmount, 3);
      await quiet();
      assert.equal(ends[from].link.bufferedAmount, 0);
      assert.equal(ends[from].socket.sent.length, before + 1);
      assert.deepEqual(ends[to].heard.texts, ["a", "b", "c"]);
    }
  });

  it("are held while paused and come in order afterwards", async () => {
    for (const [from, to] of DIRECTIONS) {
      const ends = await connect();
      ends[to].link.pause();
      assert.equal(ends[to].socket.paused, true);
      for (const text of ["a", "b", "c"]) {
        ends[from].link.send(text);
        await quiet();
      }
      assert.deepEqual(ends[to].heard.texts, []);
      ends[to].link.resume();
      assert.equal(ends[to].socket.paused, false);
      assert.deepEqual(ends[to].heard.texts, ["a", "b", "c"]);
    }
  });

  it("of one frame wait too when a handler pauses in the middle", async () => {
    const { client, relay } = await connect();
    relay.heard.onMessage = (text) => {
      if (text === "b") relay.link.pause();
    };
    for (const text of ["a", "b", "c"]) client.link.send(text);
    await quiet();
    assert.deepEqual(relay.heard.texts, ["a", "b"]);
    relay.link.resume();
    assert.deepEqual(relay.heard.texts, ["a", "b", "c"]);
  });

  it("that are larger than a frame arrive whole", async () => {
    const { client, relay } = await connect();
    const long = "é😀".repeat(50_000);
    relay.link.send(long);
    relay.link.send("b");
    await quiet();
    assert.deepEqual(client.heard.texts, [long, "b"]);
  });

  it("count what the socket has not sent", async () => {
    const { client } = await connect();
    client.socket.bufferedAmount = 100;
    client.link.send("abc");
    assert.equal(client.link.bufferedAmount, 103);
    client.socket.handlers?.drain?.();
    assert.equal(client.heard.drained, 1);
  });
});

describe("closing in order", () => {
  it("gives both ends code and reason, after all messages", async () => {
    for (const [from, to] of DIRECTIONS) {
      const { clock, ...ends } = await connect();
      ends[from].link.send("last words");
      ends[from].link.close(4001, "Grüße");
      ends[from].link.send("too late");
      await quiet();
      const end = { code: 4001, reason: "Grüße", clean: true };
      assert.deepEqual(ends[from].heard.ends, [end]);
      assert.deepEqual(ends[to].heard.ends, [end]);
      assert.deepEqual(ends[to].heard.texts, ["last words"]);
      assert.deepEqual(ends[from].socket.closed, { code: 1000, reason: undefined });
      assert.deepEqual(ends[to].socket.closed, { code: 1000, reason: undefined });
      assert.equal(clock.pending, 0);
    }
  });

  it("lets the other end finish what it was saying", async () => {
    const { client, relay } = await connect();
    relay.link.send("under way");
    client.link.close(1000, "");
    await quiet();
    assert.deepEqual(client.heard.texts, [], "whoever closes takes nothing any more");
    assert.equal(client.heard.end?.clean, true);
    assert.equal(relay.heard.end?.clean, true);
  });

  it("is answered after what was queued in the same tick", async () => {
    const { client, relay } = await connect();
    relay.link.pause();
    client.link.send('["REQ","a",{}]');
    client.link.close(1000, "");
    await quiet();
    relay.heard.onMessage = () => relay.link.send('["EOSE","a"]');
    const before = relay.socket.sent.length;
    relay.link.resume();
    await quiet();
    assert.equal(relay.socket.sent.length, before + 2, "the message, then the close frame");
    assert.equal(client.heard.end?.clean, true);
  });

  it("delivers no rest of a frame to whoever closes in its middle", async () => {
    const { client, relay } = await connect();
    client.heard.onMessage = () => client.link.close(1000, "enough");
    for (const text of ["a", "b", "c"]) relay.link.send(text);
    await quiet();
    assert.deepEqual(client.heard.texts, ["a"]);
    assert.equal(client.heard.end?.clean, true);
  });

  it("works when both close at once; each reports its own words", async () => {
    const { client, relay } = await connect();
    client.link.close(1000, "client");
    relay.link.close(4001, "relay");
    await quiet();
    assert.deepEqual(client.heard.ends, [{ code: 1000, reason: "client", clean: true }]);
    assert.deepEqual(relay.heard.ends, [{ code: 4001, reason: "relay", clean: true }]);
  });

  it("works for an end that is paused, in the middle of a frame, too", async () => {
    const { client, relay } = await connect();
    client.heard.onMessage = () => client.link.pause();
    for (const text of ["a", "b"]) relay.link.send(text);
    await quiet();
    client.link.close(1000, "");
    await quiet();
    assert.deepEqual(client.heard.texts, ["a"]);
    assert.equal(client.heard.end?.clean, true);
    assert.equal(relay.heard.end?.clean, true);
  });

  it("works for an end that nobody has started, and is told to whoever does so afterwards", async () => {
    const relay = new TestRelay();
    const { link, channel } = await relay.connected();
    const client = new Listener(link);
    channel.close(4003, "not you");
    await quiet();
    const end = { code: 4003, reason: "not you", clean: true };
    assert.deepEqual(client.ends, [end]);
    assert.equal(relay.clock.pending, 0);
    assert.deepEqual(new Listener(channel).ends, [end]);
  });

  it("happens once", async () => {
    const { client, relay } = await connect();
    client.link.close(1000, "first");
    client.link.close(4001, "second");
    await quiet();
    client.link.close(4001, "third");
    await quiet();
    assert.deepEqual(relay.heard.ends, [{ code: 1000, reason: "first", clean: true }]);
    assert.equal(client.heard.ends.length, 1);
  });

  it("comes by itself before frame numbers run out", async () => {
    const send = new CipherState(nodeCrypto, new Uint8Array(32));
    const receive = new CipherState(nodeCrypto, new Uint8Array(32).fill(1));
    const handshakeHash = new Uint8Array(32);
    const session = new Session("initiator", { send, receive, handshakeHash, maxMessage: 1 });
    session.sealFirst('["ANON"]');
    const socket = new MemorySocket();
    const link = new SecureLink(socket, session, new TestClock());
    for (const [n, isLast] of [
      [2 ** 32 - 2 ** 16 - 1, false],
      [2 ** 32 - 2 ** 16, true],
    ] as const) {
      Object.defineProperty(send, "n", { value: n, configurable: true });
      link.send("x");
      await quiet();
      assert.equal(session.sentClose, isLast);
    }
    assert.equal(socket.sent.length, 3);
  });

  it("waits for no answer where it cannot be said", async () => {
    const { clock, client } = await connect();
    const before = clock.pending;
    client.socket.send = () => assert.fail("the cable is cut");
    client.link.close(1000, "");
    broken(client, "misuse");
    assert.equal(clock.pending, before);
  });

  it("is given up after five seconds without an answer", async () => {
    const { clock, client, relay } = await connect();
    relay.socket.tamper = () => undefined;
    client.link.close(4001, "bye");
    await quiet();
    clock.advance(4_999);
    assert.equal(client.heard.end, undefined);
    clock.advance(1);
    broken(client, "truncated");
  });
});

describe("ending otherwise", () => {
  it("is reported as not clean, after what had come", async () => {
    for (const [from, to] of DIRECTIONS) {
      const ends = await connect();
      ends[from].link.send("last words");
      await quiet();
      ends[to].socket.lose();
      assert.deepEqual(ends[to].heard.texts, ["last words"]);
      broken(ends[to], "truncated");
    }
  });

  it("is not clean either when the answer to a close frame is missing", async () => {
    const { client } = await connect();
    client.link.close(1000, "");
    client.socket.lose();
    await quiet();
    broken(client, "truncated");
  });

  it("does not wait for a pause that nobody ends before it keeps what came", async () => {
    const { client, relay } = await connect();
    client.link.pause();
    relay.link.send("held");
    await quiet();
    client.socket.lose();
    assert.equal(client.heard.end, undefined);
    client.link.resume();
    assert.deepEqual(client.heard.texts, ["held"]);
    broken(client, "truncated");
  });

  it("is what a changed frame does, and the peer learns nothing but 4000", async () => {
    for (const [from, to] of DIRECTIONS) {
      const ends = await connect();
      ends[to].socket.tamper = (data) =>
        typeof data === "string"
          ? data
          : data.map((byte, index) => (index === 7 ? byte ^ 1 : byte));
      const silent = ends[to].socket.sent.length;
      ends[from].link.send("changed");
      ends[from].link.send("unchanged");
      await quiet();
      assert.deepEqual(ends[to].heard.texts, []);
      broken(ends[to], "frame-auth");
      assert.equal(ends[to].socket.sent.length, silent);
      broken(ends[from], "truncated");
    }
  });

  it("is what a text message does", async () => {
    const { client } = await connect();
    client.socket.receive('["EOSE","a"]');
    broken(client, "not-binary");
    assert.deepEqual(client.heard.texts, []);
  });

  it("makes everything after it a no-op", async () => {
    const { clock, client } = await connect();
    client.socket.lose();
    const before = client.socket.sent.length;
    client.link.send("x");
    client.link.close(1000, "");
    client.socket.receive(new Uint8Array(300));
    await quiet();
    assert.equal(client.socket.sent.length, before);
    assert.equal(client.heard.ends.length, 1);
    assert.equal(clock.pending, 0);
  });
});

function broken(
  { heard, socket }: { readonly heard: Listener; readonly socket: { readonly closed: unknown } },
  code: string,
): void {
  assert.equal(heard.ends.length, 1);
  const { end } = heard;
  assert.deepEqual([end?.code, end?.reason, end?.clean], [1006, code, false]);
  assert.ok(end?.error instanceof TransportError && end.error.code === code);
  assert.deepEqual(socket.closed, { code: 4000, reason: undefined });
}
