/** Relays on IPv6 addresses: listened on, announced, dialled and recognised. */

import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { bareClient } from "./client.ts";
import { note } from "./events.ts";
import { npubwire } from "./process.ts";
import { testRelay } from "./setup.ts";

const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
const skip = interfaces.some(({ address }) => address === "::1") ? false : "no IPv6 here";

test("a relay on ::1 announces a bracketed address, and clients dial it", { skip }, async (t) => {
  const relay = await testRelay(t, { config: { host: "::1" } });
  assert.match(relay.address, /^nostr\+ws:\/\/npub1\w+@\[::1\]:\d+$/);
  const client = await bareClient(relay.address, secureWebSocket());
  const event = note({ content: "over IPv6" });
  client.send(JSON.stringify(["EVENT", event]));
  assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
  await client.close();
  for (const address of [relay.address, relay.nprofile]) {
    const { code, out, err } = await npubwire(["req", "--relay", address, "--kind", "1"]);
    assert.equal(code, 0, err);
    assert.match(out, /over IPv6/);
  }
});

test("other spellings of an IPv6 address are the same relay", { skip }, async (t) => {
  const relay = await testRelay(t, { config: { host: "::1" } });
  const url = `ws://[0:0:0:0:0:0:0:1]:${relay.port}`;
  const Class = secureWebSocket({ relays: { [url]: relay.npub } });
  await (await bareClient(`ws://[::1]:${relay.port}`, Class)).close();
});

test("a relay on :: is reached by IPv4 and IPv6, and counts clients by their own address", {
  skip,
}, async (t) => {
  const seen = new Set<string>();
  const relay = await testRelay(t, {
    config: { host: "::" },
    policy: {
      read(_, { address }) {
        seen.add(address);
        return { accepted: true };
      },
    },
  });
  for (const host of ["127.0.0.1", "[::1]"]) {
    const client = await bareClient(
      `nostr+ws://${relay.npub}@${host}:${relay.port}`,
      secureWebSocket(),
    );
    client.send('["REQ","s",{}]');
    await client.next();
    await client.close();
  }
  assert.deepEqual(seen, new Set(["127.0.0.1", "::1"]));
});
