// Somebody else's relay, encrypted: @nostr-relay/core as it comes from npm. Only the import of the
// server is another one.
import { type Event, EventRepository, EventUtils, type Filter } from "@nostr-relay/common";
import { NostrRelay } from "@nostr-relay/core";
import { SecureWebSocketServer as WebSocketServer } from "npubwire/server"; // was: from "ws"

class MemoryRepository extends EventRepository {
  readonly #events = new Map<string, Event>();

  isSearchSupported(): boolean {
    return false;
  }

  upsert(event: Event): { isDuplicate: boolean } {
    const isDuplicate = this.#events.has(event.id);
    this.#events.set(event.id, event);
    return { isDuplicate };
  }

  find(filter: Filter): Event[] {
    const newestFirst = [...this.#events.values()].sort((a, b) => b.created_at - a.created_at);
    return newestFirst.filter((event) => EventUtils.isMatchingFilter(event, filter));
  }

  async destroy(): Promise<void> {}
}

const relay = new NostrRelay(new MemoryRepository());
const wss = new WebSocketServer({ port: Number(process.env["PORT"] ?? 8080) });
wss.on("connection", (ws, request) => {
  relay.handleConnection(ws, request.socket.remoteAddress);
  ws.on("message", (data) => relay.handleMessage(ws, JSON.parse(data.toString())));
  ws.on("close", () => relay.handleDisconnect(ws));
  console.log(`${ws.peer.address} has proved ${[...ws.peer.pubkeys]}`);
});
wss.on("listening", () => console.log(JSON.stringify({ npub: wss.npub, address: wss.address() })));
