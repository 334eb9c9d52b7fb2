import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "nostr-tools/core";
import type { Filter as ToolsFilter } from "nostr-tools/filter";
import { SimplePool, useWebSocketImplementation as usePoolWebSocket } from "nostr-tools/pool";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import type { Filter } from "../../src/nostr/filter.ts";
import { parseFilter } from "../../src/nostr/filter.ts";
import { type PublicKey, publicKeyOf } from "../../src/nostr/key.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { crypto, forTools, newKey, note, someEvents } from "./events.ts";
import { patient } from "./patience.ts";
import { testRelay } from "./setup.ts";

// The libraries are used as they come: only their WebSocket class is exchanged.
useWebSocketImplementation(secureWebSocket());
usePoolWebSocket(secureWebSocket());

test("720 events are published, and read back by every kind of filter", async (t) => {
  const relay = await testRelay(t);
  const client = patient(await Relay.connect(relay.address));
  t.after(() => client.close());
  const events = someEvents();
  const reference = new MemoryStore();
  const expected = await reference.insert(events);
  const published = await Promise.allSettled(
    events.map((event) => client.publish(forTools(event))),
  );
  for (const [index, result] of published.entries()) {
    if (expected[index] === "superseded") {
      assert.equal(result.status, "rejected");
      assert.equal(result.reason.message, "duplicate: a newer version is stored");
    } else {
      assert.equal(result.status, "fulfilled", `event ${index}`);
    }
  }
  const some = events[300];
  const tagged = events.find((event) => event.tags.some((tag) => tag[0] === "p"));
  const value = tagged?.tags.find((tag) => tag[0] === "p")?.[1];
  assert.ok(some && value);
  const { created_at } = some;
  const filters: readonly ToolsFilter[] = [
    { ids: [some.id] },
    { authors: [some.pubkey] },
    { kinds: [0], limit: 1000 },
    { kinds: [1], limit: 10 },
    { "#p": [value] },
    { since: created_at - 86_400, until: created_at },
    { limit: 1000 },
  ];
  for (const filter of filters) {
    const received = await collect(client, filter);
    assert.deepEqual(received, await stored(reference, filter), JSON.stringify(filter));
    assert.ok(received.length > 0, JSON.stringify(filter));
  }
});

test("counts, complete answers and searches are what nostr-tools takes for granted", async (t) => {
  const relay = await testRelay(t);
  const client = patient(await Relay.connect(relay.address));
  t.after(() => client.close());
  const notes = ["first word", "second word word", "third"].map((content) => note({ content }));
  for (const event of notes) await client.publish(forTools(event));
  assert.equal(await client.count([{ kinds: [1] }], {}), 3);
  await assert.rejects(client.count([{ kinds: [-1] }], {}), /^Error: invalid: /);
  const found: string[] = [];
  await new Promise<void>((oneose) => {
    const onevent = ({ content }: NostrEvent) => found.push(content);
    client.subscribe([{ search: "word", limit: 1 }], { onevent, oneose, eoseTimeout: 60_000 });
  });
  assert.deepEqual(found, ["second word word"]);
});

test("a live subscription hears what is published after EOSE, once", async (t) => {
  const relay = await testRelay(t);
  const reader = patient(await Relay.connect(relay.address));
  const writer = patient(await Relay.connect(relay.address));
  t.after(() => {
    reader.close();
    writer.close();
  });
  const heard: string[] = [];
  const events = ["first", "second", "third"].map((content) => note({ content }));
  await new Promise<void>((done) => {
    const subscription = reader.subscribe([{ kinds: [1] }], {
      onevent(event) {
        heard.push(event.content);
        if (heard.length === events.length) {
          subscription.close();
          done();
        }
      },
      async oneose() {
        for (const event of events) await writer.publish(forTools(event));
      },
    });
  });
  assert.deepEqual(heard, ["first", "second", "third"]);
});

test("the relay sees the key that the client's signer holds", async (t) => {
  const seen: PublicKey[][] = [];
  const relay = await testRelay(t, {
    policy: {
      write(_, peer) {
        seen.push([...peer.pubkeys]);
        return { accepted: true };
      },
    },
  });
  const key = newKey();
  useWebSocketImplementation(secureWebSocket({ signer: secretKeySigner(key) }));
  t.after(() => useWebSocketImplementation(secureWebSocket()));
  const client = patient(await Relay.connect(relay.address));
  await client.publish(forTools(note()));
  client.close();
  assert.deepEqual(seen, [[publicKeyOf(key, crypto)]]);
});

test("SimplePool publishes and queries through ws:// URLs that are listed with their npub", async (t) => {
  const relay = await testRelay(t);
  usePoolWebSocket(secureWebSocket({ relays: { [relay.url]: relay.npub } }));
  t.after(() => usePoolWebSocket(secureWebSocket()));
  const pool = new SimplePool();
  t.after(() => pool.destroy());
  patient(await pool.ensureRelay(relay.url));
  const event = note({ content: "through the pool" });
  await Promise.all(pool.publish([relay.url], forTools(event)));
  assert.equal((await pool.get([relay.url], { ids: [event.id] }))?.content, "through the pool");
});

test("SimplePool keeps the canonical address whole", async (t) => {
  const relay = await testRelay(t);
  const pool = new SimplePool();
  t.after(() => pool.destroy());
  patient(await pool.ensureRelay(relay.address));
  const event = note();
  await Promise.all(pool.publish([relay.address], forTools(event)));
  assert.equal((await pool.querySync([relay.address], { kinds: [1] })).length, 1);
});

test("a client reconnects to a restarted relay and goes on", async (t) => {
  const first = await testRelay(t);
  const client = patient(new Relay(first.address, { enableReconnect: true }));
  client.resubscribeBackoff = [20];
  await client.connect();
  t.after(() => client.close());
  const heard = new Promise<NostrEvent>((resolve) => {
    client.subscribe([{ kinds: [1] }], { onevent: resolve });
  });
  await first.close();
  const second = await testRelay(t, { data: first.data, config: { port: first.port } });
  assert.equal(second.address, first.address);
  const writer = patient(await Relay.connect(second.address));
  t.after(() => writer.close());
  const event = note({ content: "after the restart" });
  await writer.publish(forTools(event));
  assert.equal((await heard).id, event.id);
});

function collect(client: Relay, filter: ToolsFilter): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const ids: string[] = [];
    const subscription = client.subscribe([filter], {
      onevent: (event) => ids.push(event.id),
      oneose() {
        resolve(ids);
        subscription.close();
      },
      onclose: (reason) => reject(new Error(reason)),
    });
  });
}

async function stored(store: MemoryStore, filter: ToolsFilter): Promise<readonly string[]> {
  const parsed = parseFilter(filter);
  assert.ok(parsed.ok);
  const limited: Filter = { limit: 500, ...parsed.value };
  const ids: string[] = [];
  for await (const page of store.query([limited])) {
    for (const json of page) ids.push((JSON.parse(json) as NostrEvent).id);
  }
  return ids;
}
