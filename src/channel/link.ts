/**
 * What every link over a WebSocket does alike: messages of one tick leave together, nothing is
 * delivered while paused, and the end is told once, after everything that came before it.
 */

import type { Link, LinkEnd, LinkHandlers, SocketFailure, WebSocketLike } from "../channel.ts";
import type { MessageRun } from "../nostr/message-run.ts";

/** The close code of what did not close in order; it is reported and never sent (RFC 6455). */
export const BROKEN = 1006;

/** A message, or many. */
export type Outgoing = string | MessageRun;

export abstract class QueuedLink implements Link {
  protected readonly socket: WebSocketLike;
  #handlers: LinkHandlers | undefined;
  /** What leaves at the end of the tick; exists while there is something in it. */
  #outbound: Outgoing[] | undefined;
  #outboundLength = 0;
  /** What the socket brought and nobody has read; exists while there is something in it. */
  #inbound: (Uint8Array | string)[] | undefined;
  /** Read from the socket but not yet delivered, last first. */
  #texts: string[] | undefined;
  #paused = false;
  #delivering = false;
  /** How the socket closed, once it has. */
  #failure: SocketFailure | undefined;
  #end: LinkEnd | undefined;

  protected constructor(socket: WebSocketLike) {
    this.socket = socket;
    socket.handlers = {
      message: (data) => {
        if (this.#end) return;
        this.#inbound ??= [];
        this.#inbound.push(data);
        // Nobody takes it yet: what follows may wait at the other end.
        if (!this.#handlers) socket.pause();
        this.#deliver();
      },
      drain: () => this.#handlers?.drain?.(),
      close: (failure = {}) => {
        this.#failure = failure;
        this.#deliver();
      },
    };
  }

  /** Turns what the socket brought into messages; may call {@link finish} instead. */
  protected abstract read(data: Uint8Array | string): readonly string[];
  /** Sends messages, in order, now. */
  protected abstract write(messages: readonly Outgoing[]): void;
  /** The socket is gone, and everything that it had brought has been read. */
  protected abstract socketGone(failure: SocketFailure): void;
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
    if (!this.#paused) this.socket.resume();
    this.#deliver();
  }

  send(text: string): void {
    if (text !== "") this.queue(text, text.length);
  }

  /** Sends what is queued without waiting for the end of the tick. */
  protected flush(): void {
    const messages = this.#outbound;
    if (messages === undefined) return;
    this.#outbound = undefined;
    this.#outboundLength = 0;
    if (!this.#end) this.write(messages);
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
    // Whoever closes takes nothing any more, not even the rest of a frame.
    this.#texts = undefined;
    this.flush();
    if (!this.#end) this.writeClose(code, reason);
    // But the other end's answer has to be read.
    if (!this.#handlers) this.start({ message() {}, end() {} });
  }

  /** Ends the link: nothing is read or sent any more. The first call counts. */
  protected finish(end: LinkEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#inbound = undefined;
    this.#texts = undefined;
    this.#outbound = undefined;
    this.#outboundLength = 0;
    this.#deliver();
  }

  /** `length`: about how many bytes. */
  protected queue(messages: Outgoing, length: number): void {
    if (this.#end) return;
    if (this.#outbound) this.#outbound.push(messages);
    else {
      this.#outbound = [messages];
      this.socket.soon(() => this.flush());
    }
    this.#outboundLength += length;
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (!handlers || this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused) {
        const text = this.#next();
        if (text === undefined) break;
        handlers.message(text);
      }
      if (this.#failure && !this.#paused) this.socketGone(this.#failure);
    } finally {
      this.#delivering = false;
    }
    if (!this.#end) return;
    this.#handlers = undefined; // the end is told once
    handlers.end(this.#end);
  }

  /** The next message, read from the socket's data as soon as it is needed and not before. */
  #next(): string | undefined {
    for (;;) {
      const text = this.#texts?.pop();
      if (text !== undefined) return text;
      const data = this.#inbound?.shift();
      if (this.#inbound?.length === 0) this.#inbound = undefined;
      if (data === undefined) return undefined;
      const texts = this.read(data);
      this.#texts = this.#end || texts.length === 0 ? undefined : [...texts].reverse();
    }
  }
}
