/** Relays of other people, for what stands in front of them: a real one, and ones that misbehave. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Event, Filter } from "@nostr-relay/common";
import { matchFilter, type Filter as ToolsFilter } from "nostr-tools/filter";
import { type WebSocket, WebSocketServer } from "ws";
import "./phantom.ts";
import type { Scope } from "./setup.ts";

// After the import above has run.
const { EventRepository } = await import("@nostr-relay/common");
const { NostrRelay } = await import("@nostr-relay/core");

export interface Upstream {
  /** `ws://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** The upgrade requests that came. */
  readonly requests: readonly IncomingMessage[];
  /** Every message that came, as it came. */
  readonly received: readonly string[];
  readonly sockets: ReadonlySet<WebSocket>;
  /** Ends every connection without a word, and listens no more. */
  die(): Promise<void>;
}

export interface UpstreamOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Answers plain HTTP. */
  readonly http?: RequestListener;
}

/** A WebSocket server with which `greet` deals; it ends with the test. */
export async function upstream(
  t: Scope,
  greet: (socket: WebSocket) => void,
  { port = 0, http = (_, response) => response.writeHead(404).end() }: UpstreamOptions = {},
): Promise<Upstream> {
  const server = createServer(http);
  const sockets = new WebSocketServer({ server });
  const requests: IncomingMessage[] = [];
  const received: string[] = [];
  sockets.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("message", (data) => received.push(data.toString()));
    greet(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  let dead: Promise<unknown> | undefined;
  const die = async (): Promise<void> => {
    if (dead) return;
    dead = once(server, "close");
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
    await dead;
  };
  t.after(die);
  const { port: bound } = server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${bound}`;
  return { url, port: bound, requests, received, sockets: sockets.clients, die };
}

/** `@nostr-relay/core`, with events in memory; with a `hostname` it sends AUTH challenges. */
export function nostrRelayCore(
  t: Scope,
  options: UpstreamOptions & { readonly hostname?: string } = {},
): Promise<Upstream> {
  const { hostname, ...others } = options;
  const relay = new NostrRelay(new MemoryRepository(), {
    ...(hostname === undefined ? {} : { hostname }),
    logger: { setLogLevel() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  const greet = (socket: WebSocket): void => {
    relay.handleConnection(socket);
    socket.on("message", (data) => void relay.handleMessage(socket, JSON.parse(data.toString())));
    socket.on("close", () => relay.handleDisconnect(socket));
  };
  return upstream(t, greet, others);
}

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
    const all = [...this.#events.values()].sort((a, b) => b.created_at - a.created_at);
    return all.filter((event) => matchFilter(filter as ToolsFilter, event)).slice(0, filter.limit);
  }

  async destroy(): Promise<void> {}
}
