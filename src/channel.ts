/**
 * NIP-01 text both ways between two ends that are connected. Whether it is encrypted, and over
 * what it runs, is known to its implementation in `channel/` alone.
 *
 * @module
 */

import type { VerifiedEvent } from "./nostr/event.ts";
import type { PublicKey } from "./nostr/key.ts";
import type { MessageRun } from "./nostr/message-run.ts";
import type { Verdict } from "./nostr/verdict.ts";

/** Who is at the other end, as far as the channel has established it. */
export interface Peer {
  /** IP address as seen by the server, without port; for limits and logs. */
  readonly address: string;
  /** Every key that has authenticated on this channel, in order; empty for an anonymous peer. */
  readonly pubkeys: ReadonlySet<PublicKey>;
}

/** How a link ended. */
export interface LinkEnd {
  /** The close code (SPEC, "Close codes") of the end that closed first, or 1006 when the link broke. */
  readonly code: number;
  readonly reason: string;
  /** Whether both ends closed in order, so that nothing the peer sent is missing. */
  readonly clean: boolean;
  /** What broke it, for the local log and caller; never sent. */
  readonly error?: Error;
}

export interface LinkHandlers {
  /** One whole NIP-01 message, as the peer wrote it. Never empty. */
  message(text: string): void;
  /** The outbound queue has run empty after it had been full. */
  drain?(): void;
  /** Called once; nothing follows. */
  end(end: LinkEnd): void;
}

/** Text both ways, as either end sees it. */
export interface Link {
  /** Bytes that were sent and have not yet left this process. */
  readonly bufferedAmount: number;
  /** Takes delivery. Called once; what arrived before is kept and delivered now. */
  start(handlers: LinkHandlers): void;
  /** Queues one NIP-01 message. Messages sent in one tick leave together. No-op after the end. */
  send(text: string): void;
  /** Stops delivery and reading from the peer, so that its own queue fills; `resume` undoes it. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes with a code and reason (SPEC, "Close codes"). */
  close(code: number, reason: string): void;
}

/** A link that a server accepted: it knows who is at the other end. */
export interface Channel extends Link {
  readonly peer: Peer;
  /**
   * What the other end should sign to authenticate by classic NIP-42, or `undefined` where the
   * channel has its own way.
   */
  readonly challenge: string | undefined;
  /** Queues all messages of a run, as `send` does each; nobody writes to it any more. */
  sendRun(run: MessageRun): void;
  /** Checks a kind 22242 event against this channel and, if it is right, adds its key to the peer. */
  authenticate(event: VerifiedEvent): Promise<Verdict>;
}

/**
 * A WebSocket as the channel needs it: what `ws` sockets and browser sockets have in common, behind
 * an adapter (`server/socket.ts`, `browser.ts`). Text arrives as a string, binary as bytes.
 */
export interface WebSocketLike {
  /** Bytes that were sent and have not yet left this process. */
  readonly bufferedAmount: number;
  /** The subprotocol that the other end selected; "" if none. */
  readonly protocol: string;
  /** Set by the channel before anything can arrive. */
  handlers: WebSocketHandlers | undefined;
  /** Bytes are the socket's from then on: nobody else may read or change them. */
  send(data: Uint8Array | string): void;
  /** Bundles the sends made by `write` into as few system calls as the platform allows. */
  batch(write: () => void): void;
  /** Runs `run` once this turn's work is done, or as soon after it as the platform can tell. */
  soon(run: () => void): void;
  pause(): void;
  resume(): void;
  /** Starts the closing handshake, and gives up without it when the other end keeps silent. */
  close(code: number, reason?: string): void;
}

export interface WebSocketHandlers {
  open?(): void;
  message(data: Uint8Array | string): void;
  drain?(): void;
  /** Called once, also when the connection never opened. */
  close(failure?: SocketFailure): void;
}

/** Why a socket never opened, or how it closed, as far as the platform tells (browsers do not). */
export interface SocketFailure {
  /** The HTTP status that answered the upgrade request. */
  readonly status?: number;
  readonly cause?: unknown;
  /** The other end's WebSocket close frame, if one came; code 1005 stands for an empty one. */
  readonly closeFrame?: { readonly code: number; readonly reason: string };
}
