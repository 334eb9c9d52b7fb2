/** Why dialling a relay failed, as the application sees it. Each cause has its own code. */

import type { SocketFailure } from "../channel.ts";
import { TransportError, type TransportErrorCode } from "../transport/errors.ts";

export type DialErrorCode =
  /** The address is malformed, or an endpoint has no npub and plaintext was not allowed. */
  | "address"
  | "plaintext-refused"
  /** No TCP connection, or DNS failed, or TLS below failed. */
  | "unreachable"
  /** HTTP 400, 403 and 429 (SPEC, "Opening"), and any other status. */
  | "offer-malformed"
  | "offer-refused"
  | "rate-limited"
  | "not-a-relay"
  /** It is a WebSocket, but it did not select npubwire. */
  | "not-npubwire"
  /** The SOCKS proxy cannot be used; nothing went past it. */
  | "proxy"
  /** A .onion address, and no proxy that could reach it. */
  | "onion"
  /** Browsers do not tell: any of the causes above. */
  | "connection-failed"
  | "timeout"
  /** The signer refused, failed, or signed something else. */
  | "signer"
  /** A remote signer has not answered in time, or cannot be asked. */
  | "signer-timeout"
  | "signer-unreachable"
  /** A message is longer than the relay takes. */
  | "message-too-long"
  | "aborted";

export class DialError extends Error {
  readonly code: DialErrorCode | TransportErrorCode;

  constructor(code: DialErrorCode | TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DialError";
    this.code = code;
  }

  /** Anything that was thrown while dialling, as one type. */
  static from(error: unknown): DialError {
    if (error instanceof DialError) return error;
    if (error instanceof TransportError) {
      const hint = HINTS[error.code];
      const message = hint ? `${error.message}: ${hint}` : error.message;
      return new DialError(error.code, message, { cause: error });
    }
    return new DialError("unreachable", "the connection failed", { cause: error });
  }
}

const HINTS: Partial<Record<TransportErrorCode, string>> = {
  "wrong-relay": "whoever answers does not hold the key of this npub; nothing was sent to it",
  point: "whoever answers does not speak npubwire correctly; nothing was sent to it",
  clock: "set this computer's clock",
};

/** A socket that never opened, or closed before the relay proved its key. */
export function socketError(failure: SocketFailure | undefined): DialError {
  if (failure === undefined) {
    return new DialError(
      "connection-failed",
      "the connection failed, and the browser does not say why: the relay may be unreachable, may not speak npubwire, may hold another key than this npub, or may refuse connections for now",
    );
  }
  const { status, cause } = failure;
  if (cause instanceof DialError) return cause;
  return status === SWITCHING_PROTOCOLS
    ? notNpubwire()
    : new DialError("unreachable", "the relay cannot be reached", { cause });
}

/** The HTTP status of an upgrade that went through. */
export const SWITCHING_PROTOCOLS = 101;

/** A WebSocket that is no channel: another subprotocol, or a text as first message. */
export function notNpubwire(): DialError {
  return new DialError(
    "not-npubwire",
    "something answers there, but it does not speak npubwire; nothing was sent to it",
  );
}
