/** Reconciliation over real sockets, by nostr-tools' own client. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { nip77 } from "nostr-tools";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";
import { secureWebSocket } from "../../src/client.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { madeUp } from "../nostr/arbitrary.ts";
import { sortedIds } from "../nostr/reconcile.ts";
import { patient } from "./patience.ts";
import { type Scope, type TestRelay, testFolder, testRelay } from "./setup.ts";

/** How many events only the relay has, only the client has, and both have. */
export type Sizes = readonly [relay: number, client: number, both: number];

/** Both kinds of channel to a relay with these events; what the client finds must be exact. */
export async function reconcileOverSockets(t: Scope, sizes: Sizes): Promise<void> {
  const { relays, clients, missing, surplus } = worldOf(sizes);
  const relay = await relayWith(t, relays);
  for (const [url, Class] of [
    [relay.address, secureWebSocket()],
    [relay.url, WebSocket],
  ] as const) {
    useWebSocketImplementation(Class);
    const client = patient(await Relay.connect(url));
    const { have, need } = await sync(client, clients);
    client.close();
    assert.deepEqual(have, sortedIds(surplus));
    assert.deepEqual(need, sortedIds(missing));
  }
}

/** Three events a second, dealt round so that every stretch of time has some of each. */
function worldOf([relay, client, both]: Sizes) {
  const total = relay + client + both;
  const all = Array.from({ length: total }, (_, n) =>
    madeUp({ created_at: 1_700_000_000 + Math.floor(n / 3), content: `${n}` }),
  );
  // 7919 is prime and divides none of the totals, so every index comes once.
  const dealt = all.map((_, n) => all[(n * 7919) % total] as VerifiedEvent);
  const missing = dealt.slice(0, relay);
  const surplus = dealt.slice(relay, relay + client);
  const shared = dealt.slice(relay + client);
  return {
    relays: [...missing, ...shared],
    clients: [...surplus, ...shared],
    missing,
    surplus,
  };
}

/** The events go straight to the file: nobody could sign so many in a test. */
async function relayWith(t: Scope, events: readonly VerifiedEvent[]): Promise<TestRelay> {
  const data = testFolder(t);
  const store = await openSqliteStore(join(data, "events.sqlite"));
  for (let at = 0; at < events.length; at += 1000) await store.insert(events.slice(at, at + 1000));
  await store.close();
  return testRelay(t, { data, config: { auth: "optional", plaintext: "loopback" } });
}

async function sync(client: Relay, events: readonly VerifiedEvent[]) {
  const storage = new nip77.NegentropyStorageVector();
  for (const { created_at, id } of events) storage.insert(created_at, id);
  storage.seal();
  const [have, need] = [new Set<string>(), new Set<string>()];
  await new Promise<void>((resolve, reject) => {
    const run = new nip77.NegentropySync(
      client,
      storage,
      {},
      {
        onhave: (id) => have.add(id),
        onneed: (id) => need.add(id),
        onclose: (reason) => (reason === undefined ? resolve() : reject(new Error(reason))),
      },
    );
    void run.start();
  });
  return { have: [...have].sort(), need: [...need].sort() };
}
