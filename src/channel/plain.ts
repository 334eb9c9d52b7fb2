/** Plain NIP-01 over a WebSocket, without encryption: where the operator or the user chose that. */

import type { Channel, Peer, SocketFailure, WebSocketLike } from "../channel.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { MessageRun } from "../nostr/message-run.ts";
import type { Verdict } from "../nostr/verdict.ts";
import { MAX_CLOSE_REASON_BYTES } from "../transport/constants.ts";
import type { Identities } from "./identities.ts";
import { BROKEN, type Outgoing, QueuedLink } from "./link.ts";

/** WebSocket close codes (RFC 6455, section 7.4.1). */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

export type PlainErrorCode =
  /** A binary or an empty message. */
  | "not-text"
  /** The WebSocket below broke its own rules, or a message was longer than we take. */
  | "websocket"
  /** The connection ended without a close frame. */
  | "lost";

/** What broke a plain link: for the local caller and its log. */
export class PlainError extends Error {
  readonly code: PlainErrorCode;

  constructor(code: PlainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PlainError";
    this.code = code;
  }
}

export class PlainLink extends QueuedLink {
  constructor(socket: WebSocketLike) {
    super(socket);
  }

  protected read(data: Uint8Array | string): readonly string[] {
    if (typeof data === "string" && data !== "") return [data];
    // Empty and binary messages are framing errors here as on secure channels.
    const reason = "NIP-01 messages are texts";
    this.socket.close(UNSUPPORTED_DATA, reason);
    const error = new PlainError("not-text", "a binary or empty message");
    this.finish({ code: UNSUPPORTED_DATA, reason, clean: false, error });
    return [];
  }

  protected write(messages: readonly Outgoing[]): void {
    this.socket.batch(() => {
      for (const each of messages) {
        if (typeof each === "string") {
          this.socket.send(each);
        } else {
          for (const text of each) this.socket.send(text);
          each.release();
        }
      }
    });
  }

  protected writeClose(code: number, reason: string): void {
    this.socket.close(code, clipped(reason));
    this.finish({ code, reason, clean: code === NORMAL });
  }

  protected socketGone({ cause, closeFrame }: SocketFailure): void {
    if (cause === undefined && closeFrame) this.finish({ ...closeFrame, clean: true });
    else this.finish({ code: BROKEN, reason: "", clean: false, error: brokenBy(cause) });
  }
}

/** A plain link that a server accepted. */
export class PlainChannel extends PlainLink implements Channel {
  readonly peer: Peer;
  readonly challenge: string;
  readonly #identities: Identities;

  /** `challenge` is random; `identities` checks events against it. */
  constructor(socket: WebSocketLike, challenge: string, identities: Identities, address: string) {
    super(socket);
    this.challenge = challenge;
    this.#identities = identities;
    this.peer = { address, pubkeys: identities.pubkeys };
  }

  sendRun(run: MessageRun): void {
    this.queue(run, run.size);
  }

  async authenticate(event: VerifiedEvent): Promise<Verdict> {
    return this.#identities.add(event);
  }
}

function brokenBy(cause: unknown): PlainError {
  return cause === undefined
    ? new PlainError("lost", "the connection ended without a close frame")
    : new PlainError("websocket", cause instanceof Error ? cause.message : "it broke", { cause });
}

/** As much of a close reason as a WebSocket carries, in whole characters. */
function clipped(reason: string): string {
  const bytes = new Uint8Array(MAX_CLOSE_REASON_BYTES);
  const { written } = new TextEncoder().encodeInto(reason, bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}
