/** More events than the relay takes on, over real sockets: encrypted and plain alike. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { accept } from "../../src/policy.ts";
import { Session } from "../relay/conformance/session.ts";
import { Gate } from "../relay/setup.ts";
import { bareClient } from "./client.ts";
import { note } from "./events.ts";
import { type TestRelay, testRelay } from "./setup.ts";

const TOO_BUSY = "rate-limited: the relay has too much to do; try again in a moment";

for (const [how, dial] of [
  ["encrypted", ({ address }: TestRelay) => bareClient(address, secureWebSocket())],
  ["plain", ({ url }: TestRelay) => bareClient(url)],
] as const) {
  test(`who comes when too much waits is told so at once, and is served a moment later: ${how}`, async (t) => {
    const [asked, decided] = [new Gate(), new Gate()];
    const relay = await testRelay(t, {
      config: { auth: "optional", plaintext: "loopback", backlog: { maxEvents: 1 } },
      policy: {
        async write() {
          asked.open();
          await decided.opened;
          return accept;
        },
      },
    });
    const clients = [await dial(relay), await dial(relay)];
    const [first, second] = clients.map((client) => new Session(client));
    assert(first && second);
    const [early, late] = [note({ content: "early" }), note({ content: "late" })];
    first.send("EVENT", early);
    await asked.opened;
    assert.deepEqual(await second.publish(late), { accepted: false, reason: TOO_BUSY });
    decided.open();
    assert.deepEqual(await first.ok(early.id), { accepted: true, reason: "" });
    assert.deepEqual(await second.publish(late), { accepted: true, reason: "" });
    for (const client of clients) await client.close();
  });
}
