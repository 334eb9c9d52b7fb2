/**
 * The client's side of the opening (SPEC, "Opening"): dial, let the relay prove its key, say who
 * we are, and hand over a link that the application may use in the same flight.
 */

import type { WebSocketLike } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import type { RelayAddress } from "../nostr/address.ts";
import { type EventTemplate, parseEvent, type VerifiedEvent, verifyEvent } from "../nostr/event.ts";
import { isRecord } from "../nostr/parsed.ts";
import { authTemplate, isSignedTemplate } from "../transport/auth-event.ts";
import { CLOCK_TOLERANCE, OUTER_FAILED, SUITE } from "../transport/constants.ts";
import { TransportError } from "../transport/errors.ts";
import type { Hello } from "../transport/hello.ts";
import { initiate, type Session } from "../transport/session.ts";
import { DialError, notNpubwire, socketError } from "./errors.ts";
import { SecureLink } from "./secure.ts";

/** NIP-07's shape, so that extensions and remote signers (NIP-46) fit. */
export interface Signer {
  getPublicKey(): Promise<string>;
  /** Resolves to the signed event: id, pubkey and sig added. */
  signEvent(template: SignerTemplate): Promise<unknown>;
}

/** NIP-07's argument: like {@link EventTemplate}, with arrays that the signer may keep. */
export interface SignerTemplate {
  kind: number;
  created_at: number;
  content: string;
  tags: string[][];
}

export interface DialOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly signer: Signer;
  /** Opens a WebSocket; never follows redirects, never compresses. */
  connect(url: string, protocols: readonly string[]): WebSocketLike;
  /** Longest message taken from the relay, in bytes of UTF-8. */
  readonly maxMessage: number;
  /** Milliseconds for the connection and the relay's proof; the signer has no deadline here. */
  readonly timeout: number;
}

/**
 * Resolves once the relay has proved its key and the auth event has left: the first REQ may follow
 * at once. Rejects with a {@link DialError}; nothing but message 1 was sent to an unproved relay.
 */
export async function dialSecure(
  address: RelayAddress,
  options: DialOptions,
  signal?: AbortSignal,
): Promise<DialledLink> {
  const { crypto, clock, signer, maxMessage } = options;
  const undo: (() => void)[] = [];
  try {
    signal?.throwIfAborted();
    const initiation = initiate(address.relay, crypto);
    undo.push(() => initiation.destroy());
    const socket = options.connect(address.url, initiation.protocols);
    undo.push(() => socket.close(OUTER_FAILED));
    const { message2, disturbed } = await firstMessage(socket, options, signal);
    const { hello, session } = initiation.readMessage2(message2, maxMessage);
    undo.push(() => session.destroy());
    if (Math.abs(hello.time - clock.now()) > CLOCK_TOLERANCE) {
      throw new TransportError("clock", "the relay's clock differs from ours by more than a day");
    }
    const binding = { relay: address.relay, handshakeHash: session.handshakeHash };
    const template = authTemplate(binding, address.canonical, hello.time);
    const event = await Promise.race([sign(signer, template, crypto), disturbed]);
    const link = new DialledLink(socket, session, clock, hello);
    link.authenticate(event);
    return link;
  } catch (error) {
    for (const step of undo) step();
    throw signal?.aborted
      ? new DialError("aborted", "closed while connecting")
      : DialError.from(error);
  }
}

export type { DialledLink };

/** The client's end. It consumes the verdict on its auth event; the application never sees it. */
class DialledLink extends SecureLink {
  /** Bytes of UTF-8 in one message that the relay takes; `send` throws a DialError for more. */
  readonly maxMessage: number;
  readonly #session: Session;
  #authId: string | undefined;

  constructor(socket: WebSocketLike, session: Session, clock: Clock, hello: Hello) {
    super(socket, session, clock);
    this.#session = session;
    this.maxMessage = hello.maxMessage;
  }

  /** Sends the first frame. */
  authenticate(event: VerifiedEvent): void {
    this.#authId = event.id;
    this.socket.send(this.#session.sealFirst(`["AUTH",${event.json}]`));
  }

  override send(text: string): void {
    // A UTF-16 unit is at most three bytes of UTF-8; count only what might be too long.
    if (3 * text.length > this.maxMessage) {
      const length = new TextEncoder().encode(text).length;
      if (length > this.maxMessage) {
        const message = `a message of ${length} bytes; this relay takes ${this.maxMessage}`;
        throw new DialError("message-too-long", message);
      }
    }
    super.send(text);
  }

  protected override read(data: Uint8Array | string): readonly string[] {
    const texts = super.read(data);
    if (this.#authId === undefined || texts.length === 0) return texts;
    const [verdict, ...others] = texts;
    if (!isVerdict(verdict, this.#authId)) {
      this.breakOff("verdict", "the relay's first message is not its verdict");
      return [];
    }
    this.#authId = undefined;
    // After a refusal the relay's close frame follows, with the reason.
    return others;
  }
}

function isVerdict(text: string | undefined, id: string): boolean {
  try {
    const message: unknown = JSON.parse(text ?? "");
    return (
      Array.isArray(message) &&
      message[0] === "OK" &&
      message[1] === id &&
      typeof message[2] === "boolean" &&
      typeof message[3] === "string"
    );
  } catch {
    return false;
  }
}

interface Answer {
  readonly message2: Uint8Array;
  /** Rejects when the relay speaks or leaves, or the application gives up, while a signer thinks. */
  readonly disturbed: Promise<never>;
}

/** Waits for the socket to open and for the relay's first message, which must be binary. */
function firstMessage(
  socket: WebSocketLike,
  { clock, timeout }: DialOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      cancelDeadline();
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: DialError): void => {
      settle();
      reject(error);
    };
    const onAbort = (): void => fail(new DialError("aborted", "closed while connecting"));
    const cancelDeadline = clock.after(timeout, () => {
      fail(new DialError("timeout", "the relay did not answer in time"));
    });
    signal?.addEventListener("abort", onAbort);
    socket.handlers = {
      open() {
        if (socket.protocol !== SUITE) fail(notNpubwire());
      },
      message(data) {
        if (typeof data === "string") fail(notNpubwire());
        else {
          settle();
          // At once: the next message may come in the same tick.
          resolve({ message2: data, disturbed: untilDisturbed(socket, signal) });
        }
      },
      close: (failure) => fail(socketError(failure)),
    };
  });
}

function untilDisturbed(socket: WebSocketLike, signal: AbortSignal | undefined): Promise<never> {
  const disturbed = new Promise<never>((_, reject) => {
    const fail = (error: Error): void => reject(error);
    signal?.addEventListener("abort", () => fail(new DialError("aborted", "closed while signing")));
    socket.handlers = {
      message: () => fail(new TransportError("verdict", "the relay spoke before the auth event")),
      close: () => fail(new TransportError("truncated", "the relay closed before the auth event")),
    };
  });
  // Nobody waits for it where message 2 does not open.
  disturbed.catch(() => {});
  return disturbed;
}

async function sign(
  signer: Signer,
  template: EventTemplate,
  crypto: CryptoProvider,
): Promise<VerifiedEvent> {
  const { kind, created_at, content } = template;
  const tags = template.tags.map((tag) => [...tag]);
  let signed: unknown;
  try {
    signed = await signer.signEvent({ kind, created_at, content, tags });
  } catch (cause) {
    // A signer that says more precisely what happened is taken at its word.
    if (cause instanceof DialError) throw cause;
    throw new DialError("signer", "the signer refused or failed", { cause });
  }
  const event = parseEvent(isRecord(signed) ? signed : undefined);
  const verified = event.ok ? verifyEvent(event.value, crypto) : event;
  if (!verified.ok)
    throw new DialError("signer", `the signer's event is wrong: ${verified.reason}`);
  if (!isSignedTemplate(verified.value, template)) {
    throw new DialError("signer", "the signer signed something else than it was asked to");
  }
  return verified.value;
}
