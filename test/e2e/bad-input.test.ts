/** What is no NIP-01 text at all, and floods of what is: the connection ends or is answered, others live on. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import { Author, Session, STORED } from "../relay/conformance/session.ts";
import { type BareClient, bareClient } from "./client.ts";
import { type TestRelay, testRelay } from "./setup.ts";

const OPEN = { plaintext: "loopback", auth: "optional" };
const MEGABYTE = 2 ** 20;

/** Written below the WebSocket. */
class RawFrame {
  readonly bytes: Buffer;

  constructor(...bytes: readonly number[]) {
    this.bytes = Buffer.from(bytes);
  }
}

/** With these bytes as text, masked by zeros (RFC 6455, section 5.2). */
function textFrame(...bytes: readonly number[]): RawFrame {
  return new RawFrame(0x81, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes);
}

async function assertServed(relay: TestRelay): Promise<void> {
  for (const client of [
    await bareClient(relay.address, secureWebSocket()),
    await bareClient(relay.url),
  ]) {
    assert.deepEqual(await new Session(client).publish(new Author().sign()), STORED);
    await client.close();
  }
}

test("on plain connections, bytes that are no text end the connection", async (t) => {
  const relay = await testRelay(t, { config: OPEN });
  const millionTags = `["EVENT",{"tags":[${'["t"],'.repeat(1_000_000)}["t"]]}]`;
  for (const [data, code] of [
    ["", 1003],
    [Buffer.alloc(0), 1003],
    [Buffer.from('["REQ","x",{}]'), 1003],
    [millionTags, 1009],
    [textFrame(0x22, 0xff, 0x22), 1007], // no UTF-8
    [textFrame(0xed, 0xa0, 0x80), 1007], // a surrogate
    [textFrame(0xc0, 0x80), 1007], // NUL in two bytes
    [new RawFrame(0xff, 0xff), 1002], // no frame
  ] as const) {
    const socket = new WebSocket(relay.url);
    let write = (_: Buffer): void => {};
    socket.on("upgrade", (response) => {
      write = (bytes) => response.socket.write(bytes);
    });
    const closed = once(socket, "close");
    await once(socket, "open");
    if (data instanceof RawFrame) write(data.bytes);
    else socket.send(data);
    assert.equal((await closed)[0], code);
  }
  await assertServed(relay);
});

test("floods leave nothing behind", { timeout: 60_000 }, async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const relay = await testRelay(t, { config: OPEN });
  const connect: readonly (() => Promise<BareClient>)[] = [
    () => bareClient(relay.address, secureWebSocket()),
    () => bareClient(relay.url),
  ];
  const flood = async (): Promise<number> => {
    for (const open of connect) {
      const client = await open();
      for (let n = 0; n < 5_000; n += 1) {
        client.send(JSON.stringify(["REQ", `flood ${n}`, { "#t": [`${n}`.padEnd(200)] }]));
      }
      const session = new Session(client);
      for (let n = 0; n < 5_000; n += 1) session.send("CLOSE", `flood ${n}`);
      assert.ok((await session.settle()).length >= 4_700); // 300 may be open at once
      await client.close();
    }
    await assertServed(relay);
    collect();
    return process.memoryUsage().heapUsed;
  };
  await flood(); // what is compiled and cached
  const before = await flood();
  for (let n = 0; n < 3; n += 1) await flood();
  const growth = (await flood()) - before;
  assert.ok(growth < 4 * MEGABYTE, `${(growth / MEGABYTE).toFixed(1)} MB after 40,000 REQs`);
});
