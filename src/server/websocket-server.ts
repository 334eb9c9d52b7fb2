/**
 * The shape of `ws`'s WebSocketServer, for relays by others: change the import, and their clients
 * connect to an npub. Plain clients are refused unless they are asked for.
 */

import { EventEmitter } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Channel } from "../channel.ts";
import { encodeNpub } from "../nostr/key.ts";
import { HANDSHAKE_DEADLINE } from "../transport/constants.ts";
import { isPath } from "./config/values.ts";
import { refuseUpgrade } from "./door/upgrade.ts";
import type { Door } from "./door.ts";
import { serveAt } from "./http/shared-server.ts";
import type { NodeSocket } from "./socket.ts";
import { openServerDoor, type SecureDoorOptions } from "./websocket-server/door.ts";
import { SecureServerSocket } from "./websocket-server/socket.ts";

export interface SecureWebSocketServerEvents {
  connection: [socket: SecureServerSocket, request: IncomingMessage];
  listening: [];
  close: [];
  error: [error: Error];
  /** The headers of a response that upgrades, to add to. */
  headers: [headers: string[], request: IncomingMessage];
  /** A request that is no WebSocket upgrade; who listens must answer and close the stream. */
  wsClientError: [error: Error, stream: Duplex, request: IncomingMessage];
}

/** What `ws` lets a server say about who comes in; asked before any handshake. */
export type VerifyClient =
  | ((info: ClientInfo) => boolean)
  | ((info: ClientInfo, answer: (isWelcome: boolean, status?: number) => void) => void);

export interface ClientInfo {
  readonly origin: string;
  readonly secure: boolean;
  readonly req: IncomingMessage;
}

/** Exactly one of `port`, `server` and `noServer` says where clients come from. */
export interface SecureWebSocketServerOptions extends SecureDoorOptions {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly backlog?: number | undefined;
  /** Somebody else's server; its other paths, if there is a `path`, are left to its other listeners. */
  readonly server?: Server | undefined;
  /** Clients come by {@link SecureWebSocketServer.handleUpgrade}. */
  readonly noServer?: boolean | undefined;
  /** The one path that is served. Default: all. */
  readonly path?: string | undefined;
  /** Whether `clients` is kept. Default: true. */
  readonly clientTracking?: boolean | undefined;
  readonly verifyClient?: VerifyClient | undefined;
  /** Taken so that options for `ws` fit, and without effect: ciphertext does not compress. */
  readonly perMessageDeflate?: unknown;
}

type State = "open" | "closing" | "closed";

export class SecureWebSocketServer extends EventEmitter<SecureWebSocketServerEvents> {
  readonly options: SecureWebSocketServerOptions;
  /** The key by which clients know this server. */
  readonly npub: string;
  readonly clients: Set<SecureServerSocket> = new Set();
  readonly #door: Door;
  readonly #callbacks = new WeakMap<IncomingMessage, Upgraded>();
  /** The server of our own, where `port` was given. */
  readonly #own: Server | undefined;
  readonly #leave: () => void;
  #state: State = "open";

  /** Throws a TypeError for options that do not fit, and a KeyError where there is no usable key. */
  constructor(options: SecureWebSocketServerOptions, listening?: () => void) {
    super();
    checkOptions(options);
    this.options = options;
    const { door, self } = openServerDoor(options, {
      headers: (headers, request) => this.emit("headers", headers, request),
      malformed: (stream, request) => this.#malformed(stream, request),
      accept: (channel, request, socket) => this.#accept(channel, request, socket),
    });
    this.#door = door;
    this.npub = encodeNpub(self);
    this.#own = options.port === undefined ? undefined : createServer(TIMEOUTS, upgradeRequired);
    this.#leave = this.#enter(this.#own ?? options.server, listening);
  }

  /** Where the server listens; `null` while it does not. Throws where there is none. */
  address(): AddressInfo | string | null {
    const server = this.#own ?? this.options.server;
    if (!server) throw new Error('the server runs without one of its own ("noServer")');
    return server.address();
  }

  /** Whether a request is for this server, by its path. May be overridden. */
  shouldHandle(request: IncomingMessage): boolean {
    const { path } = this.options;
    return path === undefined || request.url?.split("?")[0] === path;
  }

  /** Answers an upgrade; `upgraded` takes the socket when its client has been let in. */
  handleUpgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    upgraded: (socket: SecureServerSocket, request: IncomingMessage) => void,
  ): void {
    stream.on("error", () => {});
    if (!this.shouldHandle(request)) {
      refuseUpgrade(stream, 400);
      return;
    }
    this.#verify(request, (isWelcome, status = 401) => {
      if (this.#state !== "open") {
        refuseUpgrade(stream, 503);
      } else if (!isWelcome) {
        refuseUpgrade(stream, status);
      } else {
        this.#callbacks.set(request, upgraded);
        this.#door.upgrade(request, stream, head);
      }
    });
  }

  /** Takes no more clients. As with `ws`, open connections live on, and `close` comes after the last. */
  close(closed?: (error?: Error) => void): void {
    if (this.#state === "closed") {
      if (closed) process.nextTick(closed, new Error("the server is closed already"));
      return;
    }
    if (closed) this.once("close", closed);
    if (this.#state === "closing") return;
    this.#state = "closing";
    this.#leave();
    this.#door.shut();
    if (this.#own) this.#own.close(() => this.#closed());
    else if (this.clients.size === 0) process.nextTick(() => this.#closed());
  }

  #closed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.emit("close");
  }

  #enter(server: Server | undefined, listening: (() => void) | undefined): () => void {
    if (!server) return () => {};
    const onListening = (): void => void this.emit("listening");
    const onError = (error: Error): void => void this.emit("error", error);
    const { path, port, host, backlog } = this.options;
    if (listening) this.on("listening", listening);
    server.on("listening", onListening);
    server.on("error", onError);
    const unserve = this.#serve(server, path);
    if (this.#own) server.listen({ port, host, backlog });
    return () => {
      server.off("listening", onListening);
      server.off("error", onError);
      unserve();
    };
  }

  #serve(server: Server, path: string | undefined): () => void {
    const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
      this.handleUpgrade(request, stream, head, (socket) => {
        this.emit("connection", socket, request);
      });
    };
    if (path !== undefined && !this.#own) {
      return serveAt(server, path, { upgrade, request: upgradeRequired, claims: () => false });
    }
    server.on("upgrade", upgrade);
    return () => server.off("upgrade", upgrade);
  }

  #verify(request: IncomingMessage, answer: (isWelcome: boolean, status?: number) => void): void {
    const { verifyClient = () => true } = this.options;
    const { origin = "" } = request.headers;
    const secure = "encrypted" in request.socket;
    const isWelcome = verifyClient({ origin, secure, req: request }, answer);
    if (verifyClient.length < 2) answer(isWelcome === true);
  }

  #malformed(stream: Duplex, request: IncomingMessage): boolean {
    if (this.listenerCount("wsClientError") === 0) return false;
    const error = new Error("not a WebSocket upgrade, or a malformed offer (HTTP 400)");
    return this.emit("wsClientError", error, stream, request);
  }

  #accept(channel: Channel, request: IncomingMessage, carrier: NodeSocket): void {
    const socket = new SecureServerSocket(channel, carrier);
    if (this.options.clientTracking !== false) {
      this.clients.add(socket);
      socket.on("close", () => {
        this.clients.delete(socket);
        if (this.#state === "closing" && !this.#own && this.clients.size === 0) this.#closed();
      });
    }
    this.#callbacks.get(request)?.(socket, request);
  }
}

type Upgraded = (socket: SecureServerSocket, request: IncomingMessage) => void;

const TIMEOUTS: ServerOptions = {
  headersTimeout: HANDSHAKE_DEADLINE,
  requestTimeout: HANDSHAKE_DEADLINE,
  connectionsCheckingInterval: 1_000,
};

const upgradeRequired: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(426, { "Content-Length": 0, Upgrade: "websocket" }).end();
};

function checkOptions({ port, server, noServer, path }: SecureWebSocketServerOptions): void {
  const places = [port !== undefined, server !== undefined, noServer === true];
  if (places.filter(Boolean).length !== 1) {
    throw new TypeError('exactly one of the options "port", "server" and "noServer" is needed');
  }
  if (path !== undefined && !isPath(path)) {
    throw new TypeError('path: expected a path that starts with "/", without query or fragment');
  }
}
