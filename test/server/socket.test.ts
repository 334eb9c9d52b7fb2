import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import type { SocketFailure } from "../../src/channel.ts";
import { allocate } from "../../src/crypto/sealed-memory.ts";
import { NodeSocket } from "../../src/server/socket.ts";
import { UPGRADE } from "./upgrade.ts";

/** "bye" as a client says it: a whole text frame, its mask zero (RFC 6455, section 5.2). */
const BYE = Buffer.from([0x81, 0x83, 0, 0, 0, 0, ...Buffer.from("bye")]);

test("a client that hangs up is gone with its last word, and nothing waits for it", async (t) => {
  const { port, accepted } = await serve(t);
  // It could go on listening, but has said that it says nothing any more.
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => client.destroy());
  client.write(UPGRADE);
  const { socket, stream } = await accepted;
  const heard: (string | SocketFailure | undefined)[] = [];
  const ended = new Promise<void>((resolve) => {
    socket.handlers = {
      message: (data) => heard.push(data.toString()),
      close(failure) {
        heard.push(failure);
        resolve();
      },
    };
  });
  await once(client, "data");
  client.end(BYE);
  await ended;
  assert.deepEqual(heard, ["bye", {}]);
  assert.equal(stream.destroyed, true);
  assert.equal(stream.writableEnded, false, "no second half is ended behind it");
});

test("what is sent arrives whole and in order, whatever its size", async (t) => {
  const sizes = [0, 1, 125, 126, 4_096, 4_097, 65_535, 65_536, 300];
  const { port, accepted } = await serve(t);
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  t.after(() => client.terminate());
  const received: Uint8Array[] = [];
  const all = new Promise<void>((resolve) => {
    client.on("message", (data: Buffer, isBinary) => {
      assert.equal(isBinary, true);
      if (received.push(data) === sizes.length) resolve();
    });
  });
  const { socket } = await accepted;
  const sent = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
  socket.batch(() => {
    for (const data of sent) socket.send(data);
  });
  await all;
  assert.deepEqual(
    received.map((data) => Uint8Array.from(data)),
    sent,
  );
});

test("with the socket goes what was queued, and whoever waits for room is told", async (t) => {
  const { port, accepted } = await serve(t);
  const client = connect({ port, host: "127.0.0.1" });
  t.after(() => client.destroy());
  client.write(UPGRADE);
  const { socket } = await accepted;
  const heard: string[] = [];
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      socket.handlers = {
        message() {},
        close: () => heard.push("close"),
        drain() {
          heard.push("drain");
          resolve();
        },
      };
    });
  const ended = drained();
  socket.send("x".repeat(2 ** 24)); // more than a system's buffers take
  assert.ok(socket.bufferedAmount > 0);
  client.resetAndDestroy();
  await ended;
  assert.deepEqual([heard, socket.bufferedAmount], [["close", "drain"], 0]);
  const again = drained();
  socket.send("nobody hears this");
  await again;
  assert.equal(socket.bufferedAmount, 0);
});

test("memory of a long frame serves others once the system has it, and not before", async (t) => {
  const { port, accepted } = await serve(t);
  const client = connect({ port, host: "127.0.0.1" });
  t.after(() => client.destroy());
  client.write(UPGRADE);
  const { socket, stream } = await accepted;
  await once(client, "data");
  const first = longFrame(1);
  socket.send(first);
  await once(client, "readable");
  while (stream.writableLength > 0) await turn();
  const second = longFrame(2);
  assert.equal(second.buffer, first.buffer);
  socket.send(second);
  // Nobody reads any more: what is written now waits, and must still be there when it goes.
  let count = 2;
  while (stream.writableLength < 2 ** 20) {
    await turn();
    socket.send(longFrame(++count));
  }
  const received: Buffer[] = [];
  let missing = count * (FRAME_HEADER + LONG);
  for await (const data of client as AsyncIterable<Buffer>) {
    received.push(data);
    missing -= data.length;
    if (missing === 0) break;
  }
  const all = Buffer.concat(received);
  for (let n = 0; n < count; n++) {
    const start = n * (FRAME_HEADER + LONG) + FRAME_HEADER;
    assert.ok(all.subarray(start, start + LONG).equals(Buffer.alloc(LONG, n + 1)), `frame ${n}`);
  }
});

test("memory of a long frame is left to a stream that may keep it", async (t) => {
  const [ours, theirs] = duplexPair();
  t.after(() => ours.destroy());
  const { accepted } = await serve(t, theirs);
  ours.write(UPGRADE);
  const { socket } = await accepted;
  await once(ours, "data");
  const frame = longFrame(1);
  socket.send(frame);
  await once(ours, "data");
  await turn();
  assert.notEqual(longFrame(2).buffer, frame.buffer);
});

/** As a secure channel seals it. */
function longFrame(fill: number): Uint8Array {
  return allocate(LONG).fill(fill);
}

const LONG = 60_000;
/** Bytes that a server's WebSocket frame of that length begins with. */
const FRAME_HEADER = 4;

interface Accepted {
  readonly socket: NodeSocket;
  readonly stream: Duplex;
}

/** `accepted` resolves with the first that is accepted; `connection` is one that comes without a port. */
async function serve(
  t: TestContext,
  connection?: Duplex,
): Promise<{ readonly port: number; readonly accepted: Promise<Accepted> }> {
  const webSockets = new WebSocketServer({ noServer: true });
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const accepted = new Promise<Accepted>((resolve) => {
    server.on("upgrade", (request, stream, head) => {
      webSockets.handleUpgrade(request, stream, head, (ws) => {
        resolve({ socket: new NodeSocket(ws, stream), stream });
      });
    });
  });
  if (connection) server.emit("connection", connection);
  const { port } = server.address() as AddressInfo;
  return { port, accepted };
}
