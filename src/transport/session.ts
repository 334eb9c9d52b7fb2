/**
 * Both ends of the secure channel without any input or output: bytes in, texts out, and the other
 * way (SPEC, "Opening" and "Frames"). A session that failed is dead: every later call throws the
 * same error.
 */

import type { CryptoProvider, KeyPair } from "../crypto.ts";
import type { PublicKey } from "../nostr/key.ts";
import { publicKeyToBytes } from "../nostr/key.ts";
import type { MessageRun } from "../nostr/message-run.ts";
import {
  CLOSE,
  FIRST_PLAINTEXT_BYTES,
  FRAME_CLOSE,
  FRAME_COVER,
  FRAME_MESSAGES,
  MAX_CLOSE_REASON_BYTES,
  MAX_COVER_RUN,
  MAX_FRAME_BYTES,
  MAX_FRAMES,
  MAX_PRIVATE_CLOSE,
  MESSAGE_1_BYTES,
  MIN_PRIVATE_CLOSE,
  REKEY_INTERVAL,
  RESERVED_FRAMES,
  SUITE,
  TAG_BYTES,
} from "./constants.ts";
import { TransportError } from "./errors.ts";
import { MessageReader, PlaintextWriter, parsePlaintext } from "./frame.ts";
import { encodeHello, type Hello, parseHello } from "./hello.ts";
import { type CipherState, HandshakeState, NK } from "./noise.ts";
import { type Offer, prologueOf, writeOffer } from "./offer.ts";

/** What a frame brought. */
export type SessionEvent =
  | { readonly type: "message"; readonly text: string }
  | { readonly type: "close"; readonly code: number; readonly reason: string };

/** A client's handshake that waits for message 2. */
export interface Initiation {
  /** The subprotocols to dial with; the relay must select {@link SUITE}. */
  readonly protocols: readonly string[];
  /**
   * Reads the relay's first message. Throws `wrong-relay`, `point` or `hello`; then the relay has
   * not proved its key and nothing may be sent.
   */
  readMessage2(message: Uint8Array, maxMessage: number): { hello: Hello; session: Session };
  destroy(): void;
}

const EMPTY = new Uint8Array(0);
const writer = new PlaintextWriter();
/** One plaintext at a time, of whichever session: it is read before the next frame is opened. */
const scratch = new Uint8Array(MAX_FRAME_BYTES);
const utf8 = new TextEncoder();

/** Starts a client's handshake with a relay of a known key. */
export function initiate(relay: PublicKey, crypto: CryptoProvider): Initiation {
  const handshake = new HandshakeState({
    crypto,
    group: crypto.secp256k1x,
    pattern: NK,
    prologue: prologueOf([SUITE]),
    role: "initiator",
    rs: publicKeyToBytes(relay),
  });
  let failure: unknown;
  return {
    protocols: writeOffer(handshake.writeMessage(EMPTY)),
    readMessage2(message, maxMessage) {
      if (failure) throw failure;
      try {
        if (message.length < MESSAGE_1_BYTES) {
          throw new TransportError("wrong-relay", "message 2 is shorter than a key and a tag");
        }
        const hello = parseHello(handshake.readMessage(message));
        const { handshakeHash } = handshake;
        const [send, receive] = handshake.split();
        return {
          hello,
          session: new Session("initiator", { send, receive, handshakeHash, maxMessage }),
        };
      } catch (error) {
        failure = error;
        handshake.destroy();
        throw error;
      }
    },
    destroy: () => handshake.destroy(),
  };
}

/**
 * Answers a client's offer with the relay's key pair. Throws `wrong-relay` or `point` when message 1
 * was not made for this key and this offer; the client then gets HTTP 403.
 */
export function respond(
  offer: Offer,
  relay: KeyPair,
  hello: Hello,
  crypto: CryptoProvider,
): { message2: Uint8Array; session: Session } {
  const handshake = new HandshakeState({
    crypto,
    group: crypto.secp256k1x,
    pattern: NK,
    prologue: offer.prologue,
    role: "responder",
    s: relay,
  });
  try {
    if (handshake.readMessage(offer.message1).length !== 0) {
      throw new TransportError("offer", "message 1 carries a payload");
    }
    const message2 = handshake.writeMessage(encodeHello(hello));
    const { handshakeHash } = handshake;
    const [receive, send] = handshake.split();
    const { maxMessage } = hello;
    return {
      message2,
      session: new Session("responder", { send, receive, handshakeHash, maxMessage }),
    };
  } catch (error) {
    handshake.destroy();
    throw error;
  }
}

export interface SessionParts {
  readonly send: CipherState;
  readonly receive: CipherState;
  readonly handshakeHash: Uint8Array;
  /** Longest message that is taken, in bytes of UTF-8. */
  readonly maxMessage: number;
}

/** The channel after the handshake: frames both ways. */
export class Session {
  readonly role: "initiator" | "responder";
  /** Noise's h after message 2: what an auth event must sign. */
  readonly handshakeHash: Uint8Array;
  readonly #send: CipherState;
  readonly #receive: CipherState;
  readonly #reader: MessageReader;
  #coverRun = 0;
  #sentClose = false;
  #receivedClose = false;
  #firstDone = false;
  #failure: TransportError | undefined;
  #isOver = false;

  constructor(role: "initiator" | "responder", parts: SessionParts) {
    this.role = role;
    // A copy: hashes are cut from pools, and one that lives as long as a connection keeps its pool.
    this.handshakeHash = parts.handshakeHash.slice();
    this.#send = parts.send;
    this.#receive = parts.receive;
    this.#reader = new MessageReader(parts.maxMessage);
  }

  /** Whether both close frames have passed and no message was cut. */
  get clean(): boolean {
    return this.#sentClose && this.#receivedClose && !this.#reader.incomplete;
  }

  get sentClose(): boolean {
    return this.#sentClose;
  }

  get receivedClose(): boolean {
    return this.#receivedClose;
  }

  /** Whether it is time to close with code 4007, while there are frame numbers left to do so. */
  get isNearlyExhausted(): boolean {
    return this.#send.n >= MAX_FRAMES - RESERVED_FRAMES;
  }

  /** The client's first frame: one message, AUTH or ANON, in a frame of one fixed size. */
  sealFirst(text: string): Uint8Array {
    this.#alive();
    if (this.role !== "initiator" || this.#firstDone) {
      throw new TransportError("misuse", "not the moment for the first frame");
    }
    // Three bytes of header and four of length come before the text.
    if (utf8.encode(text).length > FIRST_PLAINTEXT_BYTES - 7) {
      throw this.#fail("first-frame", "the auth event does not fit into the first frame");
    }
    this.#firstDone = true;
    const [frame] = this.#sealAll((emit) => {
      writer.writeMessages([text], emit, FIRST_PLAINTEXT_BYTES);
    });
    return frame ?? EMPTY;
  }

  /** The relay's side of it. Throws `first-frame`, or what any frame may fail with. */
  openFirst(frame: Uint8Array): string {
    this.#alive();
    if (this.role !== "responder" || this.#firstDone) {
      throw new TransportError("misuse", "not the moment for the first frame");
    }
    const plaintext = this.#openFrame(frame);
    const { type, content } = this.#guard(() => parsePlaintext(plaintext));
    if (type !== FRAME_MESSAGES || plaintext.length !== FIRST_PLAINTEXT_BYTES) {
      throw this.#fail("first-frame", "the first frame has another type or size");
    }
    const texts = this.#readMessages(content);
    const [text] = texts;
    if (text === undefined || texts.length > 1 || this.#reader.incomplete) {
      throw this.#fail("first-frame", "the first frame holds more or less than one message");
    }
    this.#firstDone = true;
    return text;
  }

  /** Frames that carry the messages, several to a frame. Empty texts are dropped. */
  sealMessages(messages: Iterable<string | MessageRun>): readonly Uint8Array[] {
    this.#maySend();
    return this.#sealAll((emit) => writer.writeMessages(messages, emit));
  }

  /** A frame without content, for those who want to hide when they speak. */
  sealCover(): readonly Uint8Array[] {
    this.#maySend();
    return this.#sealAll((emit) => writer.writeContent(FRAME_COVER, EMPTY, emit));
  }

  /** The last frame of this direction. The reason is cut to what fits. */
  sealClose(code: number, reason: string): readonly Uint8Array[] {
    this.#maySend();
    if (!isCloseCode(code)) throw new TransportError("misuse", `${code} is not a close code`);
    const content = new Uint8Array(2 + MAX_CLOSE_REASON_BYTES);
    new DataView(content.buffer).setUint16(0, code);
    const { written } = utf8.encodeInto(reason, content.subarray(2));
    const frames = this.#sealAll((emit) => {
      writer.writeContent(FRAME_CLOSE, content.subarray(0, 2 + written), emit);
    });
    this.#sentClose = true;
    this.#send.destroy();
    return frames;
  }

  /** Throws the class of SPEC's table; the session is dead then. */
  open(frame: Uint8Array): readonly SessionEvent[] {
    this.#alive();
    this.#afterFirst();
    if (this.#receivedClose) throw this.#fail("after-close", "a frame after the close frame");
    const plaintext = this.#openFrame(frame);
    const { type, content } = this.#guard(() => parsePlaintext(plaintext));
    switch (type) {
      case FRAME_MESSAGES:
        return this.#openMessages(content);
      case FRAME_COVER:
        this.#openCover(content);
        return [];
      case FRAME_CLOSE:
        return [this.#openClose(content)];
    }
  }

  /** Ends the session from outside, for one of SPEC's reasons; returns what later calls throw. */
  fail(code: TransportError["code"], message: string): TransportError {
    return this.#ending ?? this.#fail(code, message);
  }

  /** Erases the keys. */
  destroy(): void {
    this.#isOver = true;
    this.#send.destroy();
    this.#receive.destroy();
  }

  #openMessages(content: Uint8Array): readonly SessionEvent[] {
    this.#coverRun = 0;
    return this.#readMessages(content).map((text) => ({ type: "message", text }));
  }

  #readMessages(content: Uint8Array): readonly string[] {
    if (content.length === 0) throw this.#fail("frame-length", "a frame of no messages");
    return this.#guard(() => this.#reader.read(content));
  }

  #openCover(content: Uint8Array): void {
    if (content.length > 0 || ++this.#coverRun > MAX_COVER_RUN) {
      throw this.#fail("frame-cover", "a cover frame with content, or too many of them");
    }
  }

  #openClose(content: Uint8Array): SessionEvent {
    const code = ((content[0] ?? 0) << 8) + (content[1] ?? 0);
    if (
      this.#reader.incomplete ||
      content.length < 2 ||
      content.length > 2 + MAX_CLOSE_REASON_BYTES ||
      !isCloseCode(code)
    ) {
      throw this.#fail("close-frame", "not a valid close frame, or inside a message");
    }
    const reason = this.#guard(() => decodeReason(content.subarray(2)));
    this.#receivedClose = true;
    this.#receive.destroy();
    return { type: "close", code, reason };
  }

  #openFrame(frame: Uint8Array): Uint8Array {
    if (frame.length < TAG_BYTES || frame.length > MAX_FRAME_BYTES) {
      throw this.#fail("frame-size", `a frame of ${frame.length} bytes`);
    }
    if (this.#receive.n >= MAX_FRAMES) throw this.#fail("exhausted", "no frame numbers left");
    const plaintext = this.#receive.decryptWithAd(EMPTY, frame, scratch);
    if (plaintext === undefined) throw this.#fail("frame-auth", "the frame does not open");
    if (this.#receive.n % REKEY_INTERVAL === 0) this.#receive.rekey();
    return plaintext;
  }

  #sealAll(write: (emit: (plaintext: Uint8Array) => void) => void): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    write((plaintext) => {
      if (this.#send.n >= MAX_FRAMES) throw this.#fail("exhausted", "no frame numbers left");
      frames.push(this.#send.encryptWithAd(EMPTY, plaintext));
      if (this.#send.n % REKEY_INTERVAL === 0) this.#send.rekey();
    });
    return frames;
  }

  /** What every call throws from now on. Errors are costly, and most sessions end without a call. */
  get #ending(): TransportError | undefined {
    if (this.#isOver) this.#failure ??= new TransportError("misuse", "the session is over");
    return this.#failure;
  }

  #alive(): void {
    if (this.#ending) throw this.#ending;
  }

  /** Nothing passes, either way, before the client's first frame. */
  #afterFirst(): void {
    if (!this.#firstDone) throw new TransportError("misuse", "the first frame comes first");
  }

  #maySend(): void {
    this.#alive();
    this.#afterFirst();
    if (this.#sentClose) throw new TransportError("misuse", "nothing follows a close frame");
  }

  #guard<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof TransportError) throw this.#fail(error.code, error.message, error.cause);
      throw error;
    }
  }

  #fail(code: TransportError["code"], message: string, cause?: unknown): TransportError {
    const failure = new TransportError(code, message, { cause });
    this.#failure = failure;
    this.#send.destroy();
    this.#receive.destroy();
    return failure;
  }
}

function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return code === CLOSE.normal || (code >= MIN_PRIVATE_CLOSE && code <= MAX_PRIVATE_CLOSE);
}

function decodeReason(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TransportError("close-frame", "the close reason is not UTF-8", { cause });
  }
}
