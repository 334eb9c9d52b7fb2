/**
 * The drop-in WebSocket class for browsers: native WebSocket below, portable cryptography, no
 * polyfills. The few globals it uses are declared here, so that no `dom` library is needed.
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
import type { WebSocketHandlers, WebSocketLike } from "./channel.ts";
import { systemClock } from "./clock.ts";
import { nobleCrypto } from "./crypto/noble.ts";

export * from "./channel/drop-in.ts";

interface NativeWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(data: Uint8Array | string): void;
  close(code?: number, reason?: string): void;
}

type NativeWebSocketConstructor = new (
  url: string,
  protocols?: string | string[],
) => NativeWebSocket;

const OPEN = 1;

/** Throws a {@link DialError} when `relays` names a malformed URL or key. */
export function secureWebSocket(options: SecureWebSocketOptions = {}): SecureWebSocketConstructor {
  const PlainWebSocket = (globalThis as unknown as { WebSocket: NativeWebSocketConstructor })
    .WebSocket;
  return secureWebSocketClass(
    {
      crypto: nobleCrypto,
      clock: systemClock,
      connect: (url, protocols) => new BrowserSocket(new PlainWebSocket(url, [...protocols])),
      PlainWebSocket,
    },
    options,
  );
}

/** A signer that holds its key: an nsec, 64 hex digits or 32 bytes. Throws a TypeError for others. */
export function secretKeySigner(secretKey: string | Uint8Array): Signer {
  return keySigner(secretKey, nobleCrypto);
}

class BrowserSocket implements WebSocketLike {
  handlers: WebSocketHandlers | undefined;
  readonly #native: NativeWebSocket;

  constructor(native: NativeWebSocket) {
    this.#native = native;
    native.binaryType = "arraybuffer";
    native.onopen = () => this.handlers?.open?.();
    native.onmessage = ({ data }) => {
      if (typeof data === "string") this.handlers?.message(data);
      else if (data instanceof ArrayBuffer) this.handlers?.message(new Uint8Array(data));
    };
    // Browsers do not say why a connection failed.
    native.onclose = () => this.handlers?.close();
  }

  get bufferedAmount(): number {
    return this.#native.bufferedAmount;
  }

  get protocol(): string {
    return this.#native.protocol;
  }

  send(data: Uint8Array | string): void {
    if (this.#native.readyState === OPEN) this.#native.send(data);
  }

  batch(write: () => void): void {
    write();
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  /** Browsers cannot stop reading; the session's limits bound what a relay can send. */
  pause(): void {}

  resume(): void {}

  close(code: number, reason?: string): void {
    this.#native.close(code, reason);
  }
}
