/**
 * Two channels that are each other's ends, in memory: what one sends, the other hears at once, and
 * a test decides when the network stalls.
 */

import type { Channel, LinkEnd, LinkHandlers } from "../../src/channel.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import type { MessageRun } from "../../src/nostr/message-run.ts";
import { accept, type Verdict } from "../../src/nostr/verdict.ts";

/** How the relay's end sees its client. */
export interface PairOptions {
  readonly address?: string;
  readonly pubkeys?: Iterable<PublicKey>;
  readonly challenge?: string;
  /** Decides on AUTH; the key is added to the peer when this accepts. Default: accepts all. */
  readonly authenticate?: (event: VerifiedEvent) => Verdict | Promise<Verdict>;
}

export class PairedChannel implements Channel {
  readonly peer: { readonly address: string; readonly pubkeys: Set<PublicKey> };
  readonly challenge: string | undefined;
  /** How the channel ended, once it has. */
  ended: LinkEnd | undefined;
  isPaused = false;
  readonly #judge: (event: VerifiedEvent) => Verdict | Promise<Verdict>;
  #other: PairedChannel = this;
  #handlers: LinkHandlers | undefined;
  #inbound: string[] = [];
  #outbound: string[] = [];
  #isStalled = false;
  #isDelivering = false;

  constructor(options: PairOptions = {}) {
    this.peer = { address: options.address ?? "192.0.2.1", pubkeys: new Set(options.pubkeys) };
    this.challenge = options.challenge;
    this.#judge = options.authenticate ?? (() => accept);
  }

  static join(a: PairedChannel, b: PairedChannel): void {
    a.#other = b;
    b.#other = a;
  }

  /** In UTF-16 units: all texts of the tests that look at it are ASCII. */
  get bufferedAmount(): number {
    return this.#outbound.reduce((sum, text) => sum + text.length, 0);
  }

  sendRun(run: MessageRun): void {
    for (const text of run) this.send(text);
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#deliver();
  }

  async authenticate(event: VerifiedEvent): Promise<Verdict> {
    const verdict = await this.#judge(event);
    if (verdict.accepted) this.peer.pubkeys.add(event.pubkey);
    return verdict;
  }

  send(text: string): void {
    if (this.ended) return;
    this.#outbound.push(text);
    if (!this.#isStalled) this.#flush();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#deliver();
  }

  close(code: number, reason: string): void {
    if (this.ended) return;
    if (!this.#isStalled) this.#flush();
    this.#finish({ code, reason, clean: true });
    this.#other.#finish({ code, reason, clean: true });
  }

  /** From now on nothing that is sent leaves. */
  stall(): void {
    this.#isStalled = true;
  }

  /** So many characters, which nobody will read, leave of what is kept back. */
  takes(characters: number): void {
    this.#outbound = [this.#outbound.join("").slice(characters)];
  }

  /** Everything that was kept back leaves. */
  flow(): void {
    this.#isStalled = false;
    const hadQueued = this.#outbound.length > 0;
    this.#flush();
    if (hadQueued) this.#handlers?.drain?.();
  }

  #flush(): void {
    for (const text of this.#outbound.splice(0)) this.#other.#receive(text);
  }

  #receive(text: string): void {
    this.#inbound.push(text);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#isDelivering || this.#handlers === undefined) return;
    this.#isDelivering = true;
    while (!this.isPaused && !this.ended) {
      const text = this.#inbound.shift();
      if (text === undefined) break;
      this.#handlers.message(text);
    }
    this.#isDelivering = false;
  }

  #finish(end: LinkEnd): void {
    if (this.ended) return;
    this.ended = end;
    this.#handlers?.end(end);
  }
}

/** The relay's end, which `options` describe, and the client's. */
export function channelPair(options: PairOptions = {}): {
  readonly relay: PairedChannel;
  readonly client: PairedChannel;
} {
  const relay = new PairedChannel(options);
  const client = new PairedChannel({ address: "192.0.2.2" });
  PairedChannel.join(relay, client);
  return { relay, client };
}
