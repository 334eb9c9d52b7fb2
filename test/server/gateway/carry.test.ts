/** The app's end by itself: what waits there, and how it is told why it is closed. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppLink } from "../../../src/server/gateway/carry.ts";
import { MemorySocket } from "../../channel/sockets.ts";

const MEBIBYTE = 1_048_576;

describe("an app's link", () => {
  it("is not read from when it says too much before its relay is reached", () => {
    const socket = new MemorySocket("");
    const app = new AppLink(socket);
    app.hold(MEBIBYTE);
    assert.equal(socket.paused, false);
    app.hold(1);
    assert.equal(socket.paused, true);
    app.start({ message() {}, end() {} });
    assert.equal(socket.paused, false);
    app.hold(2 * MEBIBYTE);
    assert.equal(socket.paused, false, "from here on the pipe decides");
  });

  it("tells why it is closed: all of it in a NOTICE, a line of it in the close frame", () => {
    const socket = new MemorySocket("");
    const reason = `${"é".repeat(70)}\nask somebody`;
    new AppLink(socket).close(1008, reason);
    assert.deepEqual(
      socket.sent.map((text) => JSON.parse(String(text))),
      [["NOTICE", `npubwire gateway: ${reason}`]],
    );
    assert.deepEqual(socket.closed, { code: 1008, reason: "é".repeat(60) });
  });

  it("says nothing when all is done", () => {
    const socket = new MemorySocket("");
    new AppLink(socket).close(1000, "");
    assert.deepEqual(socket.sent, []);
    assert.deepEqual(socket.closed, { code: 1000, reason: "" });
  });
});
