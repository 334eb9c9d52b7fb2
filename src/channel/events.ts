/** The events of a WebSocket (WHATWG), with what went wrong where browsers keep silent. */

import type { LinkEnd } from "../channel.ts";
import type { DialError } from "./errors.ts";

/** Fired before `close` when a connection failed; `error.code` names the cause. */
export class SecureErrorEvent extends Event {
  readonly error: DialError;
  readonly message: string;

  constructor(error: DialError) {
    super("error");
    this.error = error;
    this.message = error.message;
  }
}

export class SecureCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** The reason again: nostr-tools reports this one. */
  readonly message: string;
  /** What broke the connection; `undefined` when it was closed in order. */
  readonly error: DialError | undefined;

  constructor(end: LinkEnd, error?: DialError) {
    super("close");
    this.error = error;
    this.code = end.code;
    this.reason = end.reason;
    this.wasClean = end.clean;
    this.message = end.reason;
  }
}

export class SecureMessageEvent extends Event {
  readonly data: string;

  constructor(data: string) {
    super("message");
    this.data = data;
  }
}

/**
 * What `onerror` gets: ours, or with `plain: "allow"` the platform's, which says less. Libraries
 * that declare the platform's class take ours for that reason, too.
 */
export interface AnyErrorEvent
  extends Event,
    Partial<Pick<SecureErrorEvent, "error" | "message">> {}

/** What `onclose` gets, likewise. */
export interface AnyCloseEvent extends Event, Partial<Pick<SecureCloseEvent, "error" | "message">> {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}
