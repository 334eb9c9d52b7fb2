/** Dialling a relay that speaks plain NIP-01: what a sidecar does behind its encrypted door. */

import type { Link, SocketFailure, WebSocketLike } from "../channel.ts";
import type { Clock } from "../clock.ts";
import { DialError } from "./errors.ts";
import { PlainLink } from "./plain.ts";

export interface DialPlainOptions {
  readonly clock: Clock;
  /** Opens the WebSocket; never follows redirects. */
  connect(): WebSocketLike;
  /** Milliseconds until the socket must be open. */
  readonly timeout: number;
}

/**
 * Resolves once the WebSocket is open. Rejects with a {@link DialError}: `unreachable`,
 * `not-a-relay`, `timeout` or `aborted`.
 */
export function dialPlain(options: DialPlainOptions, signal?: AbortSignal): Promise<Link> {
  const { clock, connect, timeout } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const socket = connect();
    const settle = (): void => {
      cancelDeadline();
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: DialError): void => {
      settle();
      socket.handlers = undefined;
      socket.close(NORMAL);
      reject(error);
    };
    const onAbort = (): void => fail(aborted());
    const cancelDeadline = clock.after(timeout, () => {
      fail(new DialError("timeout", "the relay did not answer in time"));
    });
    signal?.addEventListener("abort", onAbort);
    socket.handlers = {
      open() {
        settle();
        // At once: the first message may come in the same tick.
        resolve(new PlainLink(socket));
      },
      message() {},
      close: (failure) => fail(plainSocketError(failure)),
    };
  });
}

/** WebSocket close code (RFC 6455, section 7.4.1). */
const NORMAL = 1000;

function aborted(): DialError {
  return new DialError("aborted", "closed while connecting");
}

function plainSocketError({ status, cause }: SocketFailure = {}): DialError {
  return status === undefined
    ? new DialError("unreachable", "the relay cannot be reached", { cause })
    : new DialError("not-a-relay", `no relay answers there (HTTP ${status})`, { cause });
}
