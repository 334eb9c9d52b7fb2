/** Whoever sits between client and relay: a TCP tap that records, and a WebSocket proxy that meddles. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Scope } from "./setup.ts";

export interface Tap {
  readonly port: number;
  /** Every byte so far, in either direction. */
  readonly toRelay: Buffer[];
  readonly toClient: Buffer[];
  /** Cuts every connection at once, without any goodbye. */
  cut(): void;
  /** Both ends of every connection. */
  readonly open: ReadonlySet<Socket>;
  /** Resolves when a connection has ended and none is left. */
  over(): Promise<void>;
}

/** Forwards TCP connections to `port` and writes down what passes. */
export async function tap(t: Scope, port: number): Promise<Tap> {
  const toRelay: Buffer[] = [];
  const toClient: Buffer[] = [];
  const sockets = new Set<Socket>();
  const watchers: (() => void)[] = [];
  const server = createServer((client) => {
    const relay = connect(port, "127.0.0.1");
    for (const [from, to, record] of [
      [client, relay, toRelay],
      [relay, client, toClient],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => record.push(bytes));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        if (sockets.size === 0) for (const watcher of watchers.splice(0)) watcher();
      });
      from.pipe(to);
    }
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  const over = (): Promise<void> => new Promise((resolve) => watchers.push(resolve));
  return { port: await listening(server), toRelay, toClient, open: sockets, cut, over };
}

/** What the proxy does with message number `index` (from 0) of one direction. */
export type Meddle = (message: Buffer, index: number) => readonly Buffer[];

export interface MiddlemanOptions {
  /** The `Sec-WebSocket-Protocol` names to pass on; the client's own by default. */
  readonly offer?: (names: readonly string[]) => readonly string[];
  readonly toRelay?: Meddle;
  readonly toClient?: Meddle;
}

const passOn: Meddle = (message) => [message];

/** A WebSocket proxy before `port`: it can drop, repeat, reorder and change messages. */
export async function middleman(
  t: Scope,
  port: number,
  options: MiddlemanOptions,
): Promise<{ readonly port: number }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (client, request) => {
    const names = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((s) => s.trim());
    const offer = options.offer?.(names) ?? names;
    const relay = new WebSocket(`ws://127.0.0.1:${port}`, [...offer], { perMessageDeflate: false });
    // A refused upgrade closes; so does everything else that ends one side.
    relay.on("error", () => client.close());
    client.on("error", () => relay.terminate());
    forward(client, relay, options.toRelay ?? passOn);
    forward(relay, client, options.toClient ?? passOn);
  });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}

function forward(from: WebSocket, to: WebSocket, meddle: Meddle): void {
  let index = 0;
  const queue: Buffer[] = [];
  const flush = (): void => {
    if (to.readyState === WebSocket.OPEN) for (const message of queue.splice(0)) to.send(message);
  };
  to.on("open", flush);
  from.on("message", (data: RawData) => {
    queue.push(...meddle(data as Buffer, index++));
    flush();
  });
  from.on("close", () => {
    flush();
    to.close();
  });
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
