/**
 * The plaintext of a frame: type, content length, content, zero padding (SPEC, "Frames"); and the
 * stream of length-prefixed messages that the contents of 0x01 frames make up.
 */

import type { MessageRun } from "../nostr/message-run.ts";
import {
  FRAME_CLOSE,
  FRAME_COVER,
  FRAME_HEADER_BYTES,
  FRAME_MESSAGES,
  MAX_PLAINTEXT_BYTES,
  MIN_PLAINTEXT_BYTES,
} from "./constants.ts";
import { TransportError } from "./errors.ts";

export type FrameType = typeof FRAME_CLOSE | typeof FRAME_MESSAGES | typeof FRAME_COVER;

export interface Plaintext {
  readonly type: FrameType;
  readonly content: Uint8Array;
}

const LENGTH_BYTES = 4;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
/** A byte order mark is part of the text: nothing may change between the two ends. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How long the plaintext of so much content is: few sizes, so that they tell little. */
export function paddedLength(contentLength: number): number {
  const padded = calcPaddedLen(FRAME_HEADER_BYTES + contentLength);
  return Math.min(MAX_PLAINTEXT_BYTES, Math.max(MIN_PLAINTEXT_BYTES, padded));
}

/** Throws `frame-length`, `frame-padding` or `frame-type`. The content is a view, not a copy. */
export function parsePlaintext(plaintext: Uint8Array): Plaintext {
  const [type, high, low] = plaintext;
  if (type === undefined || high === undefined || low === undefined) {
    throw new TransportError("frame-length", "the frame is shorter than its header");
  }
  const end = FRAME_HEADER_BYTES + (high << 8) + low;
  if (end > plaintext.length) {
    throw new TransportError("frame-length", "the content is longer than the frame");
  }
  for (let index = end; index < plaintext.length; index++) {
    if (plaintext[index] !== 0) throw new TransportError("frame-padding", "padding is not zero");
  }
  if (type !== FRAME_CLOSE && type !== FRAME_MESSAGES && type !== FRAME_COVER) {
    throw new TransportError("frame-type", `unknown frame type ${type}`);
  }
  return { type, content: plaintext.subarray(FRAME_HEADER_BYTES, end) };
}

/**
 * Collects messages into plaintexts. One buffer serves all frames: a plaintext must be sealed
 * before the next byte is written, so `emit` gets a view. Nothing stays between two calls, so one
 * writer serves every session of a process.
 */
export class PlaintextWriter {
  readonly #buffer = new Uint8Array(MAX_PLAINTEXT_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #end = FRAME_HEADER_BYTES;

  /** Adds messages and emits every frame they need; empty texts are dropped. */
  writeMessages(
    messages: Iterable<string | MessageRun>,
    emit: (plaintext: Uint8Array) => void,
    length?: number,
  ): void {
    this.#end = FRAME_HEADER_BYTES;
    for (const each of messages) {
      if (typeof each !== "string") this.#writeRun(each, emit);
      else if (each !== "") this.#writeMessage(each, emit);
    }
    if (this.#end > FRAME_HEADER_BYTES) this.#emit(FRAME_MESSAGES, emit, length);
  }

  writeContent(type: FrameType, content: Uint8Array, emit: (plaintext: Uint8Array) => void): void {
    this.#buffer.set(content, FRAME_HEADER_BYTES);
    this.#end = FRAME_HEADER_BYTES + content.length;
    this.#emit(type, emit);
  }

  #writeRun(run: MessageRun, emit: (plaintext: Uint8Array) => void): void {
    for (let index = 0; index < run.length; index++) {
      const end = run.put(index, this.#buffer, this.#end);
      if (end === undefined) this.#writeMessage(run.at(index), emit);
      else this.#end = end;
    }
    run.release();
  }

  #writeMessage(text: string, emit: (plaintext: Uint8Array) => void): void {
    const free = this.#buffer.length - this.#end - LENGTH_BYTES;
    // A UTF-16 unit is at least one byte of UTF-8: only what may fit is tried in place.
    if (text.length <= free) {
      const target = this.#buffer.subarray(this.#end + LENGTH_BYTES);
      const { read, written } = encoder.encodeInto(text, target);
      if (read === text.length) {
        this.#view.setUint32(this.#end, written);
        this.#end += LENGTH_BYTES + written;
        return;
      }
    }
    const bytes = encoder.encode(text);
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, bytes.length);
    this.#writeBytes(length, emit);
    this.#writeBytes(bytes, emit);
  }

  #writeBytes(bytes: Uint8Array, emit: (plaintext: Uint8Array) => void): void {
    for (let rest = bytes; rest.length > 0; ) {
      if (this.#end === this.#buffer.length) this.#emit(FRAME_MESSAGES, emit);
      const piece = rest.subarray(0, this.#buffer.length - this.#end);
      this.#buffer.set(piece, this.#end);
      this.#end += piece.length;
      rest = rest.subarray(piece.length);
    }
  }

  #emit(type: FrameType, emit: (plaintext: Uint8Array) => void, length?: number): void {
    const contentLength = this.#end - FRAME_HEADER_BYTES;
    const end = length ?? paddedLength(contentLength);
    this.#buffer[0] = type;
    this.#view.setUint16(1, contentLength);
    this.#buffer.fill(0, this.#end, end);
    this.#end = FRAME_HEADER_BYTES;
    emit(this.#buffer.subarray(0, end));
  }
}

/** Splits the stream of one direction into messages, whatever pieces it arrives in. */
export class MessageReader {
  readonly #maxMessage: number;
  /** What has come of a message that spans frames, its length first; grows with it, never ahead of it. */
  #partial = EMPTY;
  #partialLength = 0;

  constructor(maxMessage: number) {
    this.#maxMessage = maxMessage;
  }

  /** Whether a message has begun and not ended. */
  get incomplete(): boolean {
    return this.#partialLength > 0;
  }

  /** Throws `message-length` or `message-utf8`. Memory grows only with bytes received. */
  read(content: Uint8Array): string[] {
    const texts: string[] = [];
    for (let at = 0; at < content.length; ) {
      const size = this.incomplete ? Infinity : this.#sizeAt(content, at, content.length);
      if (at + size <= content.length) {
        texts.push(textOf(content.subarray(at + LENGTH_BYTES, at + size)));
        at += size;
      } else {
        at += this.#append(content.subarray(at), texts);
      }
    }
    return texts;
  }

  /** Takes what belongs to the message that has begun; returns how much that was. */
  #append(bytes: Uint8Array, texts: string[]): number {
    const before = this.#partialLength;
    const size = this.#sizeAt(this.#partial, 0, before);
    const piece = bytes.subarray(0, size - before);
    const end = before + piece.length;
    if (end > this.#partial.length) {
      const grown = new Uint8Array(Math.min(size, Math.max(2 * end, 1_024)));
      grown.set(this.#partial.subarray(0, before));
      this.#partial = grown;
    }
    this.#partial.set(piece, before);
    this.#partialLength = end;
    if (end === this.#sizeAt(this.#partial, 0, end)) {
      const message = this.#partial.subarray(LENGTH_BYTES, end);
      this.#partial = EMPTY;
      this.#partialLength = 0;
      texts.push(textOf(message));
    }
    return piece.length;
  }

  /** Bytes of the message there, with its length; of its length alone, while that is not known. */
  #sizeAt(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < LENGTH_BYTES) return LENGTH_BYTES;
    let length = 0;
    for (let i = 0; i < LENGTH_BYTES; i++) length = length * 256 + (bytes[at + i] ?? 0);
    if (length === 0 || length > this.#maxMessage) {
      throw new TransportError("message-length", `a message of ${length} bytes`);
    }
    return LENGTH_BYTES + length;
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new TransportError("message-utf8", "a message is not UTF-8", { cause });
  }
}

/** NIP-44's padding: steps of an eighth of the next power of two, 32 at the least. */
export function calcPaddedLen(length: number): number {
  if (length <= 32) return 32;
  const nextPower = 2 ** (Math.floor(Math.log2(length - 1)) + 1);
  const chunk = nextPower <= 256 ? 32 : nextPower / 8;
  return chunk * (Math.floor((length - 1) / chunk) + 1);
}
