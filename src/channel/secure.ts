/** A link over the secure channel, for either end, once the handshake is done (SPEC, "Frames"). */

import type { Channel, LinkEnd, Peer, WebSocketLike } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { okMessage, type Prefix } from "../nostr/message.ts";
import type { MessageRun } from "../nostr/message-run.ts";
import { reasonOf, type Verdict } from "../nostr/verdict.ts";
import {
  CLOSE,
  CLOSE_DEADLINE,
  FRAME_HEADER_BYTES,
  MIN_PLAINTEXT_BYTES,
  OUTER_CLOSED,
  OUTER_FAILED,
} from "../transport/constants.ts";
import { TransportError, type TransportErrorCode } from "../transport/errors.ts";
import type { Session } from "../transport/session.ts";
import type { Identities } from "./identities.ts";
import { BROKEN, type Outgoing, QueuedLink } from "./link.ts";

/** One message in a plaintext of the smallest size. */
const MAX_VERDICT_BYTES = MIN_PLAINTEXT_BYTES - FRAME_HEADER_BYTES - 4;

const REFUSAL_CODES: Partial<Record<Prefix, number>> = {
  "auth-required": CLOSE.authRequired,
  "rate-limited": CLOSE.rateLimited,
  error: CLOSE.internal,
};

/** How most links end. Few want to see the error, and its stack costs more than the rest. */
const TRUNCATED: LinkEnd = {
  code: BROKEN,
  reason: "truncated",
  clean: false,
  get error() {
    return new TransportError("truncated", "the socket closed without a close frame");
  },
};

export class SecureLink extends QueuedLink {
  readonly #session: Session;
  readonly #clock: Clock;
  /** What this end said when it closed first. */
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #cancelDeadline: (() => void) | undefined;

  constructor(socket: WebSocketLike, session: Session, clock: Clock) {
    super(socket);
    this.#session = session;
    this.#clock = clock;
  }

  protected read(data: Uint8Array | string): readonly string[] {
    if (this.ended) return [];
    try {
      if (typeof data === "string") {
        throw this.#session.fail("not-binary", "a text message where frames are binary");
      }
      const texts: string[] = [];
      for (const event of this.#session.open(data)) {
        if (event.type === "message") texts.push(event.text);
        else this.#readClose(event.code, event.reason);
      }
      // What the peer sent before it saw our close frame is of no use to anyone any more.
      return this.#closing ? [] : texts;
    } catch (error) {
      this.#break(error);
      return [];
    }
  }

  protected write(messages: readonly Outgoing[]): void {
    if (this.#session.sentClose) return;
    this.#sendFrames(() => this.#session.sealMessages(messages));
    if (this.#session.isNearlyExhausted) this.close(CLOSE.exhausted, "");
  }

  protected writeClose(code: number, reason: string): void {
    if (this.#session.sentClose) return;
    this.#closing = { code, reason };
    this.#cancelDeadline = this.#clock.after(CLOSE_DEADLINE, () => {
      this.#break(this.#session.fail("truncated", "the peer did not answer the close frame"));
    });
    this.#sendFrames(() => this.#session.sealClose(code, reason));
    // A paused link would never see the answer.
    this.resume();
  }

  protected socketGone(): void {
    if (this.ended) return;
    this.#over(OUTER_FAILED);
    this.finish(TRUNCATED);
  }

  #readClose(code: number, reason: string): void {
    const { code: endCode, reason: endReason } = this.#closing ?? { code, reason };
    if (!this.#session.sentClose) {
      this.flush();
      this.#sendFrames(() => this.#session.sealClose(code, ""));
    }
    const { clean } = this.#session;
    this.#over(OUTER_CLOSED);
    this.finish({ code: endCode, reason: endReason, clean });
  }

  #sendFrames(seal: () => readonly Uint8Array[]): void {
    try {
      const frames = seal();
      this.socket.batch(() => {
        for (const frame of frames) this.socket.send(frame);
      });
    } catch (error) {
      this.#break(error);
    }
  }

  /** Ends the link because the peer broke the protocol above the frames. */
  protected breakOff(code: TransportErrorCode, message: string): void {
    this.#break(this.#session.fail(code, message));
  }

  /** Dead: the peer sees one code and no detail; the reason stays here. */
  #break(error: unknown): void {
    const failure =
      error instanceof TransportError
        ? error
        : new TransportError("misuse", "the channel failed", { cause: error });
    this.#over(OUTER_FAILED);
    this.finish({ code: BROKEN, reason: failure.code, clean: false, error: failure });
  }

  #over(outerCode: number): void {
    this.#cancelDeadline?.();
    this.#session.destroy();
    this.socket.close(outerCode);
  }
}

/** The relay's side: a secure link whose client has been let in. */
export class SecureChannel extends SecureLink implements Channel {
  /** There is no plain NIP-42 challenge: the handshake hash is the challenge. */
  readonly challenge: undefined = undefined;
  readonly peer: Peer;
  readonly #identities: Identities;
  /** Whether the next message is the verdict. */
  #owesVerdict = false;

  constructor(
    socket: WebSocketLike,
    session: Session,
    clock: Clock,
    identities: Identities,
    address: string,
  ) {
    super(socket, session, clock);
    this.#identities = identities;
    this.peer = { address, pubkeys: identities.pubkeys };
  }

  /** Answers the client's first frame; a refusal closes in order. `id` is "" for ANON. */
  sendVerdict(id: string, verdict: Verdict): void {
    this.#owesVerdict = true;
    if (verdict.accepted) {
      this.queue(okMessage(id, true), 0); // counts as nothing that the channel's user has sent
      return;
    }
    const reason = reasonOf(verdict);
    const full = okMessage(id, false, reason);
    // The verdict travels in a frame of one size; a longer reason is in the close frame.
    const fits = new TextEncoder().encode(full).length <= MAX_VERDICT_BYTES;
    this.send(fits ? full : okMessage(id, false, `${verdict.prefix}: refused`));
    this.close(REFUSAL_CODES[verdict.prefix] ?? CLOSE.restricted, reason);
  }

  /** The verdict has a frame of its own, and leaves together with answers that are there by then. */
  protected override write(messages: readonly Outgoing[]): void {
    if (!this.#owesVerdict) {
      super.write(messages);
      return;
    }
    this.#owesVerdict = false;
    this.socket.batch(() => {
      super.write(messages.slice(0, 1));
      if (messages.length > 1) super.write(messages.slice(1));
    });
  }

  sendRun(run: MessageRun): void {
    this.queue(run, run.size);
  }

  async authenticate(event: VerifiedEvent): Promise<Verdict> {
    return this.#identities.add(event);
  }
}
