import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import type { SocketFailure } from "../../src/channel.ts";
import { NodeSocket } from "../../src/server/socket.ts";

const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: relay.example",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

/** "bye" as a client says it: a whole text frame, its mask zero (RFC 6455, section 5.2). */
const BYE = Buffer.from([0x81, 0x83, 0, 0, 0, 0, ...Buffer.from("bye")]);

test("a client that hangs up is gone with its last word, and nothing waits for it", async (t) => {
  const webSockets = new WebSocketServer({ noServer: true });
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const heard: (string | SocketFailure | undefined)[] = [];
  const ended = new Promise<Duplex>((resolve) => {
    server.on("upgrade", (request, stream, head) => {
      webSockets.handleUpgrade(request, stream, head, (ws) => {
        new NodeSocket(ws, stream).handlers = {
          message: (data) => heard.push(data.toString()),
          close(failure) {
            heard.push(failure);
            resolve(stream);
          },
        };
      });
    });
  });
  const { port } = server.address() as AddressInfo;
  // It could go on listening, but has said that it says nothing any more.
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => client.destroy());
  client.write(UPGRADE);
  await once(client, "data");
  client.end(BYE);
  const stream = await ended;
  assert.deepEqual(heard, ["bye", {}]);
  assert.equal(stream.destroyed, true);
  assert.equal(stream.writableEnded, false, "no second half is ended behind it");
});
