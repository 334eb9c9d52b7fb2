/**
 * The drop-in WebSocket class for Node: give it to a client library, and `nostr+ws://npub1…@host`
 * addresses are dialled over the encrypted channel.
 *
 * @module
 */

import type { Signer } from "./channel/dial.ts";
import { keySigner } from "./channel/signer.ts";
import {
  type SecureWebSocketConstructor,
  type SecureWebSocketOptions,
  secureWebSocketClass,
} from "./channel/websocket.ts";
import { systemClock } from "./clock.ts";
import { createNodeCrypto } from "./crypto/node.ts";
import { route } from "./server/dial.ts";

export * from "./channel/drop-in.ts";

const crypto = createNodeCrypto();

export interface NodeWebSocketOptions extends SecureWebSocketOptions {
  /**
   * A SOCKS proxy, `socks5h://[user:password@]host:port`, such as Tor's. Every connection goes
   * through it, and it looks up the names.
   */
  readonly proxy?: string | undefined;
}

/** Throws a {@link DialError} when `relays` names a malformed URL or key, or `proxy` none. */
export function secureWebSocket({
  proxy,
  ...options
}: NodeWebSocketOptions = {}): SecureWebSocketConstructor {
  return secureWebSocketClass({ crypto, clock: systemClock, ...route(proxy) }, options);
}

/** A signer that holds its key: an nsec, 64 hex digits or 32 bytes. Throws a TypeError for others. */
export function secretKeySigner(secretKey: string | Uint8Array): Signer {
  return keySigner(secretKey, crypto);
}
