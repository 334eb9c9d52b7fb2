/** A plain NIP-01 WebSocket that a server accepted, where the operator allows plaintext. */

import type { Channel, Peer, WebSocketLike } from "../channel.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { Verdict } from "../nostr/verdict.ts";
import type { Identities } from "./identities.ts";
import { BROKEN, QueuedLink } from "./link.ts";

/** WebSocket close codes (RFC 6455, section 7.4.1). */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

export class PlainChannel extends QueuedLink implements Channel {
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

  async authenticate(event: VerifiedEvent): Promise<Verdict> {
    return this.#identities.add(event);
  }

  protected read(data: Uint8Array | string): readonly string[] {
    if (typeof data === "string" && data !== "") return [data];
    // Empty and binary messages are framing errors here as on secure channels.
    this.writeClose(UNSUPPORTED_DATA, "NIP-01 messages are texts");
    return [];
  }

  protected write(texts: readonly string[]): void {
    this.socket.batch(() => {
      for (const text of texts) this.socket.send(text);
    });
  }

  protected writeClose(code: number, reason: string): void {
    this.socket.close(code, reason);
    this.finish({ code, reason, clean: code === NORMAL });
  }

  protected socketGone(): void {
    this.finish({ code: BROKEN, reason: "", clean: false });
  }
}
