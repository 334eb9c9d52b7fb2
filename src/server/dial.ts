/** Dialling with `ws`: no redirects, no compression, bounded frames; directly or through a proxy. */

import { type ClientOptions, WebSocket } from "ws";
import { DialError } from "../channel/errors.ts";
import type { WebSocketPlatform } from "../channel/websocket.ts";
import type { WebSocketLike } from "../channel.ts";
import { CLOSE_DEADLINE, MAX_FRAME_BYTES } from "../transport/constants.ts";
import { ProxyAgent, parseProxy } from "./dial/proxy.ts";
import { FrameWebSocket, NodeSocket } from "./socket.ts";

/** Milliseconds of silence before TCP asks whether the relay is still there. */
const KEEP_ALIVE = 60_000;

const SECURE: ClientOptions = {
  followRedirects: false,
  // Ciphertext does not compress, and compression before encryption leaks.
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  // `ws` 8.21 and later; its type declarations lag behind.
  ...({ closeTimeout: CLOSE_DEADLINE } as object),
};

/** How URLs are dialled, with and without a secure channel. */
export interface Route extends Pick<WebSocketPlatform, "connect" | "PlainWebSocket"> {
  connectPlain(url: string, options: PlainConnectOptions): WebSocketLike;
}

/**
 * Through the proxy `socks5h://host:port`, all of it; without one, directly. Throws a
 * {@link DialError} (`proxy`) for a URL that names none.
 */
export function route(proxy?: string): Route {
  return proxy === undefined ? DIRECT : through(proxy);
}

/** Opens a WebSocket for a secure channel. Throws a {@link DialError} for a .onion address. */
export function connect(url: string, protocols: readonly string[]): WebSocketLike {
  return new NodeSocket(new FrameWebSocket(resolvable(url), [...protocols], SECURE));
}

export interface PlainConnectOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Longest message taken, in bytes. */
  readonly maxMessage: number;
}

/**
 * Opens a WebSocket without encryption: to a relay that its operator has put behind a sidecar, or
 * one where all that is said is encrypted. Throws a {@link DialError} for a .onion address.
 */
export function connectPlain(url: string, options: PlainConnectOptions): WebSocketLike {
  return plainSocket(resolvable(url), options);
}

function plainSocket(
  url: string,
  { headers, maxMessage }: PlainConnectOptions,
  agent?: ProxyAgent,
): WebSocketLike {
  const ws = new WebSocket(url, { ...SECURE, headers, maxPayload: maxMessage, agent });
  // Relays that vanish without a word are found by the system, in minutes.
  ws.on("upgrade", ({ socket }) => socket.setKeepAlive(true, KEEP_ALIVE));
  return new NodeSocket(ws);
}

const DIRECT: Route = {
  connect,
  connectPlain,
  PlainWebSocket: class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(resolvable(url), protocols);
    }
  },
};

function through(proxy: string): Route {
  const url = parseProxy(proxy);
  if (!url.ok) throw new DialError("proxy", `the proxy's URL cannot be used: ${url.reason}`);
  const agent = new ProxyAgent(url.value);
  return {
    connect: (url, protocols) =>
      new NodeSocket(new FrameWebSocket(url, [...protocols], { ...SECURE, agent })),
    connectPlain: (url, options) => plainSocket(url, options, agent),
    PlainWebSocket: class extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols, { agent });
      }
    },
  };
}

/** Name servers are not to be asked for .onion names (RFC 7686): they would learn whom we want. */
function resolvable(url: string): string {
  if (!/\.onion\.?$/i.test(new URL(url).hostname)) return url;
  throw new DialError(
    "onion",
    "a .onion address is reached through Tor only: give its SOCKS proxy, such as socks5h://127.0.0.1:9050",
  );
}
