/** `ws` sockets as the channel wants them: bytes or text in, corked writes out. */

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket } from "ws";
import { SWITCHING_PROTOCOLS } from "../channel/errors.ts";
import { BROKEN } from "../channel/link.ts";
import { refusal } from "../channel/refusal.ts";
import type { SocketFailure, WebSocketHandlers, WebSocketLike } from "../channel.ts";
import { giveBack } from "../crypto/sealed-memory.ts";
import { OUTER_CLOSED, OUTER_FAILED } from "../transport/constants.ts";

/**
 * The class for secure sockets. `ws` itself closes with 1002, 1007 or 1009 when the framing below
 * us is broken, and echoes whatever code a stranger sends; an onlooker is to see one for every failure.
 */
export class FrameWebSocket extends WebSocket {
  override close(): void {
    super.close(OUTER_FAILED);
  }

  /** Both close frames have passed. */
  closeInOrder(): void {
    super.close(OUTER_CLOSED);
  }
}

/** Bytes of data up to which a frame is written in one piece. */
const MAX_WHOLE = 4_096;

export class NodeSocket implements WebSocketLike {
  handlers: WebSocketHandlers | undefined;
  readonly #ws: WebSocket;
  /** The stream below: for corking, and to hear when its queue has run empty. */
  #stream: Duplex | undefined;
  /** The same, where frames go out as they are; those who dial have to mask them. */
  readonly #accepted: Duplex | undefined;
  #failure: SocketFailure | undefined;

  /** `stream`: the socket that `ws` runs on; a dialled one is learned when it opens. */
  constructor(ws: WebSocket, stream?: Duplex) {
    this.#ws = ws;
    this.#accepted = stream;
    if (stream) {
      endAtOnce(stream);
      this.#adopt(stream);
    } else {
      this.#await(ws);
    }
    ws.on("message", (data, isBinary) => {
      this.handlers?.message(isBinary ? bytes(data) : data.toString());
    });
    // `ws` reports before it closes; what matters reaches the handlers with the close.
    ws.on("error", (cause) => {
      this.#failure = { cause, ...this.#failure };
    });
    ws.on("close", (code, reason) => {
      const closeFrame = code === BROKEN ? {} : { closeFrame: { code, reason: reason.toString() } };
      this.handlers?.close({ ...this.#failure, ...closeFrame });
      // A broken stream never reports that; whoever waits for room would not even learn of the end.
      this.handlers?.drain?.();
    });
  }

  get bufferedAmount(): number {
    return this.#ws.readyState === WebSocket.CLOSED ? 0 : this.#ws.bufferedAmount;
  }

  get protocol(): string {
    return this.#ws.protocol;
  }

  send(data: Uint8Array | string): void {
    if (this.#ws.readyState !== WebSocket.OPEN) {
      // What goes nowhere takes no room.
      if (this.#ws.readyState === WebSocket.CLOSED) queueMicrotask(() => this.handlers?.drain?.());
      return;
    }
    if (typeof data === "string") this.#ws.send(data);
    else if (data.length > MAX_WHOLE) this.#ws.send(data, (error) => this.#sent(data, error));
    else if (this.#accepted) this.#accepted.write(wholeFrame(data));
    else this.#ws.send(data);
  }

  batch(write: () => void): void {
    this.#stream?.cork();
    try {
      write();
    } finally {
      this.#stream?.uncork();
    }
  }

  /** After all that one poll has read: an answer of many steps leaves in one frame, with one call. */
  soon(run: () => void): void {
    setImmediate(run);
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  close(code: number, reason?: string): void {
    const ws = this.#ws;
    // A paused socket would never read the answer.
    ws.resume();
    if (ws.readyState === WebSocket.CONNECTING) ws.terminate();
    else if (ws instanceof FrameWebSocket && code === OUTER_CLOSED) ws.closeInOrder();
    else ws.close(code, reason);
  }

  /** Asks whether the other end is there: a WebSocket ping, empty since onlookers can read it. */
  ping(): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  /** `heard`: the other end has answered a {@link ping}. */
  onPong(heard: () => void): void {
    this.#ws.on("pong", heard);
  }

  /** Breaks the connection without a goodbye. */
  terminate(): void {
    this.#ws.terminate();
  }

  /** Its memory serves others, if it was sealed here and the system has it: other streams might keep it. */
  #sent(data: Uint8Array, error: Error | null | undefined): void {
    if (!error && this.#stream instanceof Socket) giveBack(data);
  }

  #await(ws: WebSocket): void {
    ws.on("upgrade", (response) => {
      this.#failure = { status: SWITCHING_PROTOCOLS };
      this.#adopt(response.socket);
    });
    ws.on("open", () => this.handlers?.open?.());
    ws.on("unexpected-response", (request, response) => {
      const status = response.statusCode ?? 0;
      this.#failure = { status, cause: refusal(status) };
      request.destroy();
      ws.terminate();
    });
  }

  #adopt(stream: Duplex): void {
    this.#stream = stream;
    stream.on("drain", () => this.handlers?.drain?.());
  }
}

/**
 * A binary WebSocket frame in one piece (RFC 6455, section 5.2). `ws` writes header and payload
 * apart, which pays only where copying costs more than a second buffer on its way to the system.
 */
function wholeFrame(data: Uint8Array): Buffer {
  const headerBytes = data.length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(headerBytes + data.length);
  frame[0] = 0x82; // the last of its message, binary
  frame[1] = headerBytes === 2 ? data.length : 126;
  if (headerBytes === 4) frame.writeUInt16BE(data.length, 2);
  frame.set(data, headerBytes);
  return frame;
}

/**
 * Whoever hangs up is gone. `ws` would hang up in its turn, wait until that is through, and then end
 * what it has ended: two turns and an error, for every client that leaves without a word.
 */
function endAtOnce(stream: Duplex): void {
  const [theirs] = stream.listeners("end").slice(-1); // nobody came after `ws`
  if (theirs) stream.off("end", theirs as () => void);
  stream.on("end", destroy);
}

/** A listener that all streams share: every connection would keep one of its own. */
function destroy(this: Duplex): void {
  this.destroy();
}

function bytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
