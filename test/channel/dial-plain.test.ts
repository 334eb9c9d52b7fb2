import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dialPlain } from "../../src/channel/dial-plain.ts";
import type { Link, LinkEnd, SocketFailure } from "../../src/channel.ts";
import { TestClock } from "./clock.ts";
import { Listener } from "./relay.ts";
import { MemorySocket, quiet } from "./sockets.ts";

describe("a plain link that is dialled", () => {
  it("brings what came with the opening, and sends messages of one tick together", async () => {
    const { link, socket, clock } = await dialled((opened) => opened.receive('["NOTICE","hi"]'));
    const heard = new Listener(link);
    assert.deepEqual(heard.texts, ['["NOTICE","hi"]']);
    link.send("one");
    link.send("two");
    assert.deepEqual(socket.sent, []);
    assert.equal(link.bufferedAmount, 6);
    await quiet();
    assert.deepEqual(socket.sent, ["one", "two"]);
    assert.equal(clock.pending, 0);
  });

  it("closes with as much of the reason as a WebSocket carries", async () => {
    const { link, socket } = await dialled();
    link.close(4003, "é".repeat(300));
    assert.deepEqual(socket.closed, { code: 4003, reason: "é".repeat(61) });
  });

  it("tells the other end's close code and reason", async () => {
    const closeFrame = { code: 1012, reason: "restart" };
    assert.deepEqual(await endAfter((socket) => socket.lose({ closeFrame })), {
      ...closeFrame,
      clean: true,
    });
  });

  const broken: Readonly<Record<string, (socket: MemorySocket) => void>> = {
    "lost 1006": (socket) => socket.lose({}),
    "websocket 1006": (socket) =>
      socket.lose({
        cause: new RangeError("too long"),
        closeFrame: { code: 1009, reason: "" },
      }),
    "not-text 1003": (socket) => socket.receive(new Uint8Array([1])),
  };
  for (const [expected, breaks] of Object.entries(broken)) {
    it(`ends as ${expected} when it breaks so`, async () => {
      const { code, clean, error } = (await endAfter(breaks)) ?? {};
      assert.equal(clean, false);
      assert.ok(error && "code" in error);
      assert.equal(`${error.code} ${code}`, expected);
    });
  }
});

describe("a plain dial that fails", () => {
  const failures: readonly (readonly [string, SocketFailure])[] = [
    ["unreachable", { cause: new Error("ECONNREFUSED") }],
    ["not-a-relay", { status: 404 }],
  ];
  for (const [code, failure] of failures) {
    it(`says ${code}`, async () => {
      const { dialling, socket, clock } = dial();
      socket.lose(failure);
      await assert.rejects(dialling, { name: "DialError", code });
      assert.equal(clock.pending, 0);
    });
  }

  it("gives up after its time, and closes the socket", async () => {
    const { dialling, socket, clock } = dial();
    clock.advance(10_000);
    await assert.rejects(dialling, { code: "timeout" });
    assert.ok(socket.closed);
  });

  it("gives up when it is told to, before and after it has begun", async () => {
    const abort = new AbortController();
    const { dialling, socket, clock } = dial(abort.signal);
    abort.abort();
    await assert.rejects(dialling, { code: "aborted" });
    assert.ok(socket.closed);
    assert.equal(clock.pending, 0);
    await assert.rejects(dial(abort.signal).dialling, { code: "aborted" });
  });
});

interface Dial {
  readonly socket: MemorySocket;
  readonly clock: TestClock;
  readonly dialling: Promise<Link>;
}

function dial(signal?: AbortSignal): Dial {
  const socket = new MemorySocket("");
  const clock = new TestClock();
  const dialling = dialPlain({ clock, connect: () => socket, timeout: 10_000 }, signal);
  return { socket, clock, dialling };
}

/** An open link; `then` happens in the tick of the opening. */
async function dialled(then: (socket: MemorySocket) => void = () => {}) {
  const { socket, clock, dialling } = dial();
  socket.open();
  then(socket);
  return { link: await dialling, socket, clock };
}

async function endAfter(what: (socket: MemorySocket) => void): Promise<LinkEnd | undefined> {
  const { link, socket } = await dialled();
  const heard = new Listener(link);
  what(socket);
  await quiet();
  return heard.end;
}
