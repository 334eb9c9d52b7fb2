/**
 * An accepted connection as the connection handler of a `ws` server knows it, over the secure
 * channel. NIP-01 is text, so text is all that goes either way; what differs from `ws` beyond that
 * stands in the README.
 */

import { EventEmitter } from "node:events";
import { getDefaultHighWaterMark } from "node:stream";
import { passedOn } from "../../channel/pipe.ts";
import type { Channel, LinkEnd, Peer } from "../../channel.ts";
import { CLOSE, MAX_CLOSE_REASON_BYTES } from "../../transport/constants.ts";
import type { NodeSocket } from "../socket.ts";
import { type DomEvents, type DomListener, DomListeners } from "./dom-events.ts";

/** The events, and what their listeners are given. */
export interface SecureServerSocketEvents {
  open: [];
  message: [data: Buffer, isBinary: boolean];
  close: [code: number, reason: Buffer];
  /** What broke the connection; unlike with `ws`, nothing happens where nobody listens. */
  error: [error: Error];
  ping: [data: Buffer];
  /** The answer to a ping; always empty. */
  pong: [data: Buffer];
}

type Sent = (error?: Error) => void;
type SendOptions = { readonly binary?: boolean | undefined };

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

/** Bytes from which a socket takes no more without saying that it has been drained. */
const FULL_AT = getDefaultHighWaterMark(false);

export class SecureServerSocket extends EventEmitter<SecureServerSocketEvents> {
  static readonly CONNECTING: 0 = STATES.CONNECTING;
  static readonly OPEN: 1 = STATES.OPEN;
  static readonly CLOSING: 2 = STATES.CLOSING;
  static readonly CLOSED: 3 = STATES.CLOSED;
  readonly CONNECTING: 0 = STATES.CONNECTING;
  readonly OPEN: 1 = STATES.OPEN;
  readonly CLOSING: 2 = STATES.CLOSING;
  readonly CLOSED: 3 = STATES.CLOSED;
  /** Who is there: the IP address, and the keys that were proved in the handshake. */
  readonly peer: Peer;
  /** Whether the channel is encrypted; only a server that allows plaintext has others. */
  readonly isEncrypted: boolean;
  readonly protocol: string = "";
  readonly extensions: string = "";
  readonly url: string = "";
  /** Messages come as Buffers, whatever is written here. */
  binaryType: "nodebuffer" | "arraybuffer" | "fragments" = "nodebuffer";
  onopen: ((event: DomEvents["open"]) => void) | null = null;
  onmessage: ((event: DomEvents["message"]) => void) | null = null;
  onerror: ((event: DomEvents["error"]) => void) | null = null;
  onclose: ((event: DomEvents["close"]) => void) | null = null;
  readonly #channel: Channel;
  readonly #socket: NodeSocket;
  readonly #domListeners = new DomListeners();
  #state: 1 | 2 | 3 = STATES.OPEN;
  #isPaused = false;
  /** Callbacks of messages that have not left yet. */
  #unsent: Sent[] = [];

  constructor(channel: Channel, socket: NodeSocket) {
    super();
    this.#channel = channel;
    this.#socket = socket;
    this.peer = channel.peer;
    this.isEncrypted = channel.challenge === undefined;
    socket.onPong(() => this.emit("pong", Buffer.alloc(0)));
    // The connection handler runs in this tick, and what it adds hears the first message.
    queueMicrotask(() => {
      channel.start({
        message: (text) => this.#receive(text),
        drain: () => this.#sent(),
        end: (end) => this.#over(end),
      });
    });
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#state;
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Sends one NIP-01 message: a string, or bytes of UTF-8 with `{ binary: false }`. `sent` is called
   * when it has been handed to the system, or with the error where the socket is not open.
   * Throws a TypeError for anything else.
   */
  send(data: string | Uint8Array, sent?: Sent): void;
  send(data: string | Uint8Array, options: SendOptions, sent?: Sent): void;
  send(data: string | Uint8Array, options?: SendOptions | Sent, callback?: Sent): void {
    const sent = typeof options === "function" ? options : callback;
    const text = textOf(data, typeof options === "object" ? options : {});
    if (this.#state !== STATES.OPEN) {
      const error = new Error(`the socket is not open: readyState ${this.#state}`);
      if (sent) process.nextTick(sent, error);
      return;
    }
    this.#channel.send(text);
    if (!sent) return;
    this.#unsent.push(sent);
    if (this.#unsent.length === 1) setImmediate(() => this.#sent());
  }

  /**
   * Closes in order. On an encrypted channel 1000 and 4001–4099 travel as they are, others as
   * their nearest relatives. Throws a RangeError for a reason of more than 123 bytes.
   */
  close(code: number = CLOSE.normal, reason: string | Buffer = ""): void {
    if (Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
      throw new RangeError(`a close reason has at most ${MAX_CLOSE_REASON_BYTES} bytes`);
    }
    if (this.#state !== STATES.OPEN) return;
    this.#state = STATES.CLOSING;
    const given = { code, reason: reason.toString() };
    const sent = this.isEncrypted ? passedOn({ ...given, clean: true }, "") : given;
    this.#channel.close(sent.code, sent.reason);
  }

  /** Breaks the connection without a goodbye. */
  terminate(): void {
    if (this.#state === STATES.CLOSED) return;
    this.#state = STATES.CLOSING;
    this.#socket.terminate();
    // A paused channel would not tell its end.
    this.#isPaused = false;
    this.#channel.resume();
  }

  /** Asks for a `pong`. The data is not sent: pings are not encrypted. */
  ping(_data?: unknown, _mask?: boolean, sent?: (error: Error) => void): void {
    if (this.#state === STATES.OPEN) this.#socket.ping();
    else if (sent) process.nextTick(sent, new Error("the socket is not open"));
  }

  /** Does nothing: every ping has been answered already. */
  pong(_data?: unknown, _mask?: boolean, _sent?: (error: Error) => void): void {}

  pause(): void {
    if (this.#state === STATES.CLOSED) return;
    this.#isPaused = true;
    this.#channel.pause();
  }

  resume(): void {
    if (this.#state === STATES.CLOSED) return;
    this.#isPaused = false;
    this.#channel.resume();
  }

  addEventListener<Type extends keyof DomEvents>(
    type: Type,
    listener: DomListener<DomEvents[Type]>,
    options?: { readonly once?: boolean | undefined },
  ): void {
    this.#domListeners.add(type, listener, options);
  }

  removeEventListener<Type extends keyof DomEvents>(
    type: Type,
    listener: DomListener<DomEvents[Type]>,
  ): void {
    this.#domListeners.remove(type, listener);
  }

  #receive(data: string): void {
    // Whoever has said goodbye takes nothing any more.
    if (this.#state !== STATES.OPEN) return;
    this.emit("message", Buffer.from(data), false);
    this.#domListeners.dispatch("message", { type: "message", target: this, data }, this.onmessage);
  }

  /** Below its high-water mark a socket says nothing when it has run empty, so nobody waits for it. */
  #sent(): void {
    if (this.#channel.bufferedAmount >= FULL_AT && this.#state === STATES.OPEN) return;
    for (const sent of this.#unsent.splice(0)) sent();
  }

  #over({ code, reason, error }: LinkEnd): void {
    this.#state = STATES.CLOSED;
    const lost = new Error("the socket was closed before the message left");
    for (const sent of this.#unsent.splice(0)) sent(lost);
    if (error && !isLoss(error)) this.#fail(error);
    this.emit("close", code, Buffer.from(reason));
    const event = {
      type: "close",
      target: this,
      code,
      reason,
      wasClean: error === undefined,
    } as const;
    this.#domListeners.dispatch("close", event, this.onclose);
  }

  #fail(error: Error): void {
    // An emitter throws where nobody listens; a stranger's broken frame must not end the process.
    if (this.listenerCount("error") > 0) this.emit("error", error);
    const { message } = error;
    this.#domListeners.dispatch(
      "error",
      { type: "error", target: this, error, message },
      this.onerror,
    );
  }
}

function textOf(data: string | Uint8Array, { binary }: SendOptions): string {
  if (typeof data === "string") return data;
  if (data instanceof Uint8Array && binary === false) return Buffer.from(data).toString();
  throw new TypeError("NIP-01 messages are texts: send a string, or bytes with { binary: false }");
}

/** Clients go away and networks drop: as with `ws` that is a close, not an error. */
function isLoss(error: Error): boolean {
  return "code" in error && (error.code === "truncated" || error.code === "lost");
}
