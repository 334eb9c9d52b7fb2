/**
 * The gateway: apps on this machine that have never heard of npubwire speak plain WebSocket to it,
 * and it dials the relays of its own configuration over the encrypted channel.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocketServer } from "ws";
import { CLOSE } from "../nostr/close.ts";
import { CLOSE_DEADLINE, DEFAULT_CLIENT_MAX_MESSAGE } from "../transport/constants.ts";
import { isWebSocketUpgrade, refuseUpgrade } from "./door/upgrade.ts";
import { AppLink, type CarryOptions, carry } from "./gateway/carry.ts";
import { authority, type Caller, identify } from "./gateway/guard.ts";
import { gatewayListener } from "./gateway/http.ts";
import type { GatewaySettings } from "./gateway/settings.ts";
import { NodeSocket } from "./socket.ts";

export interface GatewayOptions extends CarryOptions {
  /** Asked at every request, so that relays can be added meanwhile; `host` counts at the start. */
  settings(): GatewaySettings;
  /** In the place of the settings' port; 0 takes a free one. */
  readonly port?: number | undefined;
}

export interface RunningGateway {
  readonly port: number;
  /** What to paste into an app. */
  url(name: string): string;
  /** Closes every connection in order. */
  close(): Promise<void>;
}

/** Rejects with the system's error when it cannot listen. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const gateway = new Gateway(options);
  await gateway.listen();
  return gateway;
}

/** The URL of a relay at a gateway that listens on `port`. */
export function gatewayUrl({ host, secret }: GatewaySettings, port: number, name: string): string {
  return urlAt(authority(host, port), secret, name);
}

function urlAt(own: string, secret: string, name: string): string {
  return `ws://${own}/${secret}/${name}`;
}

/** Connections at a time; programs on this machine can be out of hand, too. */
const MAX_CONNECTIONS = 256;

class Gateway implements RunningGateway {
  /** Both are known once it listens. */
  port = 0;
  #own = "";
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #webSockets: WebSocketServer;
  readonly #apps = new Set<AppLink>();
  /** What each connection still does. */
  readonly #work = new Set<Promise<void>>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: DEFAULT_CLIENT_MAX_MESSAGE,
      handleProtocols: () => false,
      ...CLOSING,
    });
    this.#server = createServer(gatewayListener((request) => this.#identify(request)));
    this.#server.on("upgrade", (request, stream, head) => this.#upgrade(request, stream, head));
  }

  url(name: string): string {
    return urlAt(this.#own, this.#options.settings().secret, name);
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options.settings();
    this.#server.listen({ host, port: this.#options.port ?? port });
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
    this.#own = authority(host, this.port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const app of this.#apps) app.close(CLOSE.goingAway, "the gateway stops");
    await Promise.all(this.#work);
    this.#server.closeAllConnections();
    await closed;
  }

  #identify(request: IncomingMessage): Caller | number {
    return identify(request, this.#options.settings(), this.#own);
  }

  #admit(request: IncomingMessage): Caller | number {
    const caller = this.#identify(request);
    if (typeof caller === "number") return caller;
    if (!isWebSocketUpgrade(request)) return 400;
    return this.#apps.size < MAX_CONNECTIONS ? caller : 429;
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // Until `ws` takes over, nobody else listens, and an unheard error would end the process.
    stream.on("error", () => {});
    const caller = this.#admit(request);
    if (typeof caller === "number") {
      refuseUpgrade(stream, caller);
      return;
    }
    this.#webSockets.handleUpgrade(request, stream, head, (ws) => {
      const app = new AppLink(new NodeSocket(ws, stream));
      const gone = new AbortController();
      ws.on("message", (data) => app.hold(lengthOf(data)));
      ws.once("close", () => {
        gone.abort();
        this.#apps.delete(app);
      });
      this.#apps.add(app);
      const work = carry(app, caller, this.#options, gone.signal);
      this.#work.add(work);
      void work.finally(() => this.#work.delete(work));
    });
  }
}

function lengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;
}

// `ws` 8.21 and later; its type declarations lag behind.
const CLOSING: object = { closeTimeout: CLOSE_DEADLINE };
