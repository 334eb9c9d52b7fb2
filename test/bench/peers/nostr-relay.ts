/**
 * `@nostr-relay/core` as it comes, over `ws`, with our SQLite store for its repository: what differs
 * from our relay is then the relay, not the database.
 */

import { createServer } from "node:http";
import type {
  Event,
  EventRepositoryUpsertResult,
  Filter,
  IncomingMessage,
} from "@nostr-relay/common";
import { WebSocketServer } from "ws";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import type { CryptoProvider } from "../../../src/crypto.ts";
import { parseEvent, verifyEvent } from "../../../src/nostr/event.ts";
import { parseFilter } from "../../../src/nostr/filter.ts";
import { openDatabase } from "../../../src/server/database.ts";
import type { EventStore } from "../../../src/store.ts";
import type { Endpoint } from "../peer.ts";
import { listen } from "./listen.ts";
import { resolvePhantom } from "./phantom.ts";

resolvePhantom();
const { EventRepository, LogLevel } = await import("@nostr-relay/common");
const { NostrRelay } = await import("@nostr-relay/core");

export async function serveNostrRelay(data: string): Promise<Endpoint> {
  const store = await openDatabase({ data }, false);
  const relay = new NostrRelay(new StoreRepository(store), { logLevel: LogLevel.ERROR });
  const server = createServer();
  new WebSocketServer({ server }).on("connection", (ws) => {
    relay.handleConnection(ws);
    ws.on("close", () => relay.handleDisconnect(ws));
    ws.on("error", () => {});
    ws.on("message", (data) => {
      // The generator's messages are well formed; a relay would validate them first.
      void relay.handleMessage(ws, JSON.parse(data.toString()) as IncomingMessage);
    });
  });
  const url = `ws://127.0.0.1:${await listen(server)}`;
  return { url, plainUrl: url, crypto: "its own" };
}

class StoreRepository extends EventRepository {
  readonly #store: EventStore;
  /** The relay has verified what it hands in. */
  readonly #trusting: CryptoProvider = { ...createNodeCrypto(), verifySchnorr: () => true };

  constructor(store: EventStore) {
    super();
    this.#store = store;
  }

  isSearchSupported(): boolean {
    return false;
  }

  async upsert(event: Event): Promise<EventRepositoryUpsertResult> {
    const parsed = parseEvent(event);
    const verified = parsed.ok ? verifyEvent(parsed.value, this.#trusting) : parsed;
    if (!verified.ok) throw new Error(verified.reason);
    const [outcome] = await this.#store.insert([verified.value]);
    return { isDuplicate: outcome !== "stored" };
  }

  async find(filter: Filter): Promise<Event[]> {
    const parsed = parseFilter(filter);
    if (!parsed.ok) throw new Error(parsed.reason);
    const found: Event[] = [];
    for await (const page of this.#store.query([parsed.value])) {
      for (const json of page) found.push(JSON.parse(json) as Event);
    }
    return found;
  }

  async destroy(): Promise<void> {
    await this.#store.close();
  }
}
