/**
 * What every link over a WebSocket does alike: messages of one tick leave together, nothing is
 * delivered while paused, and the end is told once, after everything that came before it.
 */

import type { Link, LinkEnd, LinkHandlers, SocketFailure, WebSocketLike } from "../channel.ts";

/** The close code of what did not close in order; it is reported and never sent (RFC 6455). */
export const BROKEN = 1006;

export abstract class QueuedLink implements Link {
  protected readonly socket: WebSocketLike;
  #handlers: LinkHandlers | undefined;
  #outbound: string[] = [];
  #outboundLength = 0;
  #inbound: (Uint8Array | string)[] = [];
  /** Read from the socket but not yet delivered, last first. */
  #texts: string[] = [];
  #paused = false;
  #delivering = false;
  #socketClosed = false;
  #failure: SocketFailure | undefined;
  #end: LinkEnd | undefined;
  #endTold = false;

  protected constructor(socket: WebSocketLike) {
    this.socket = socket;
    socket.handlers = {
      message: (data) => {
        this.#inbound.push(data);
        this.#deliver();
      },
      drain: () => this.#handlers?.drain?.(),
      close: (failure) => {
        this.#socketClosed = true;
        this.#failure = failure;
        this.#deliver();
      },
    };
  }

  /** Turns what the socket brought into messages; may call {@link finish} instead. */
  protected abstract read(data: Uint8Array | string): readonly string[];
  /** Sends messages, in order, now. */
  protected abstract write(texts: readonly string[]): void;
  /** The socket is gone, and everything that it had brought has been read. */
  protected abstract socketGone(failure: SocketFailure | undefined): void;
  /** Begins to close; {@link finish} follows. */
  protected abstract writeClose(code: number, reason: string): void;

  get bufferedAmount(): number {
    return this.socket.bufferedAmount + this.#outboundLength;
  }

  protected get ended(): boolean {
    return this.#end !== undefined;
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#deliver();
  }

  send(text: string): void {
    if (this.#end || text === "") return;
    if (this.#outbound.length === 0) this.socket.soon(() => this.flush());
    this.#outbound.push(text);
    this.#outboundLength += text.length;
  }

  /** Sends what is queued without waiting for the end of the tick. */
  protected flush(): void {
    const texts = this.#outbound;
    if (texts.length === 0) return;
    this.#outbound = [];
    this.#outboundLength = 0;
    if (!this.#end) this.write(texts);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
    this.#deliver();
  }

  close(code: number, reason: string): void {
    if (this.#end) return;
    this.flush();
    if (!this.#end) this.writeClose(code, reason);
    // Whoever closes takes nothing any more, not even the rest of a frame.
    this.#texts = [];
  }

  /** Ends the link: nothing is read or sent any more. The first call counts. */
  protected finish(end: LinkEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#inbound = [];
    this.#texts = [];
    this.#outbound = [];
    this.#outboundLength = 0;
    this.#deliver();
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (!handlers || this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused) {
        const text = this.#texts.pop();
        if (text !== undefined) {
          handlers.message(text);
          continue;
        }
        const data = this.#inbound.shift();
        if (data === undefined) break;
        this.#texts = [...this.read(data)].reverse();
        if (this.#end) this.#texts = [];
      }
      if (this.#socketClosed && !this.#paused) this.socketGone(this.#failure);
    } finally {
      this.#delivering = false;
    }
    if (this.#end && !this.#endTold) {
      this.#endTold = true;
      handlers.end(this.#end);
    }
  }
}
