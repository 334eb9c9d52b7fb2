/** Dialling with `ws`: no redirects, no compression, bounded frames. */

import { type ClientOptions, WebSocket } from "ws";
import type { WebSocketLike } from "../channel.ts";
import { CLOSE_DEADLINE, MAX_FRAME_BYTES } from "../transport/constants.ts";
import { FrameWebSocket, NodeSocket } from "./socket.ts";

/** Milliseconds of silence before TCP asks whether the relay is still there. */
const KEEP_ALIVE = 60_000;

const SECURE: ClientOptions = {
  followRedirects: false,
  // Ciphertext does not compress, and compression before encryption leaks.
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
};

/** Opens a WebSocket for a secure channel. */
export function connect(url: string, protocols: readonly string[]): WebSocketLike {
  const ws = new FrameWebSocket(url, [...protocols], { ...SECURE, ...CLOSING });
  return new NodeSocket(ws);
}

export interface PlainConnectOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Longest message taken, in bytes. */
  readonly maxMessage: number;
}

/** Opens a WebSocket without encryption, to a relay that its operator has put behind a sidecar. */
export function connectPlain(
  url: string,
  { headers, maxMessage }: PlainConnectOptions,
): WebSocketLike {
  const options = { ...SECURE, headers, maxPayload: maxMessage, ...CLOSING };
  const ws = new WebSocket(url, options);
  // Relays that vanish without a word are found by the system, in minutes.
  ws.on("upgrade", ({ socket }) => socket.setKeepAlive(true, KEEP_ALIVE));
  return new NodeSocket(ws);
}

/** What `plain: "allow"` hands URLs without an npub to. */
export const PlainWebSocket: typeof WebSocket = WebSocket;

// `ws` 8.21 and later; its type declarations lag behind.
const CLOSING: object = { closeTimeout: CLOSE_DEADLINE };
