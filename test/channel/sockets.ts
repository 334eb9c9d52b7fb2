/**
 * WebSockets in memory. A joined pair delivers what one end sends to the other, in order and never
 * in the same tick; a single one is fed by the test.
 */

import type { SocketFailure, WebSocketHandlers, WebSocketLike } from "../../src/channel.ts";

type Data = Uint8Array | string;

export class MemorySocket implements WebSocketLike {
  handlers: WebSocketHandlers | undefined;
  readonly protocol: string;
  /** Set by tests: what a slow network would hold. */
  bufferedAmount = 0;
  readonly sent: Data[] = [];
  /** How this end closed, once it has. */
  closed: { readonly code: number; readonly reason: string | undefined } | undefined;
  paused = false;
  /** May change what is delivered to this end; `undefined` loses it. */
  tamper: (data: Data) => Data | undefined = (data) => data;
  #other: MemorySocket | undefined;
  #inbound: (() => void)[] = [];
  #gone = false;

  constructor(protocol = "npubwire.1") {
    this.protocol = protocol;
  }

  static join(a: MemorySocket, b: MemorySocket): void {
    a.#other = b;
    b.#other = a;
  }

  send(data: Data): void {
    if (this.closed || this.#gone) return;
    const copy = typeof data === "string" ? data : data.slice();
    this.sent.push(copy);
    const other = this.#other;
    if (other) soon(() => other.receive(copy));
  }

  batch(write: () => void): void {
    write();
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#deliver();
  }

  close(code: number, reason?: string): void {
    if (this.closed) return;
    this.closed = { code, reason };
    if (this.#gone) return;
    this.resume();
    const other = this.#other;
    soon(() => this.lose());
    if (other) soon(() => other.lose());
  }

  /** The upgrade succeeded. */
  open(): void {
    this.handlers?.open?.();
  }

  /** The network brings this. */
  receive(data: Data): void {
    const changed = this.tamper(data);
    if (changed === undefined) return;
    this.#inbound.push(() => this.handlers?.message(changed));
    this.#deliver();
  }

  /** The connection ends, after what has come before. */
  lose(failure?: SocketFailure): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#inbound.push(() => this.handlers?.close(failure));
    this.#deliver();
  }

  #deliver(): void {
    while (!this.paused) {
      const next = this.#inbound.shift();
      if (!next) return;
      next();
    }
  }
}

let pending = 0;

function soon(run: () => void): void {
  pending += 1;
  setImmediate(() => {
    pending -= 1;
    run();
  });
}

/** Resolves when nothing is on its way any more and all promises have settled. */
export async function quiet(): Promise<void> {
  for (let calm = 0; calm < 3; calm = pending === 0 ? calm + 1 : 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
