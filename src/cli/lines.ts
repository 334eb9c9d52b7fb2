/**
 * Events from standard input, one JSON object a line. A line ends at a line feed and nowhere else:
 * the texts of events may hold every other character that some readers take for an end.
 */

import { Buffer, isUtf8 } from "node:buffer";
import { type NostrEvent, parseEvent } from "../nostr/event.ts";
import { malformed, type Parsed } from "../nostr/parsed.ts";
import { findJsonError } from "../server/config/json-error.ts";

export interface EventLine {
  /** From 1. */
  readonly number: number;
  readonly event: Parsed<NostrEvent>;
}

/** In longer texts, where exactly the JSON is wrong helps nobody. */
const MAX_EXPLAINED_LENGTH = 2 ** 16;

/**
 * The lines of each chunk as it comes; empty ones are left out. Ends with the input or when `stop`
 * is aborted. Memory is bounded by a chunk and a line of `maxLength` bytes, whatever the input.
 */
export async function* readEventLines(
  input: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
  maxLength: number,
): AsyncGenerator<readonly EventLine[], void, undefined> {
  const splitter = new Splitter(maxLength);
  for await (const chunk of until(stop, input)) {
    const lines = splitter.push(chunk);
    if (lines.length > 0) yield lines.flatMap(readLine);
  }
  if (!stop.aborted) yield splitter.end().flatMap(readLine);
}

interface Line {
  readonly number: number;
  /** `undefined` when it was too long to keep. */
  readonly bytes: Uint8Array | undefined;
}

class Splitter {
  readonly #maxLength: number;
  #number = 1;
  /** What is known of the line under way. */
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  push(chunk: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let at = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, at);
      if (end === -1) break;
      this.#append(chunk.subarray(at, end));
      lines.push(this.#finish());
      at = end + 1;
    }
    this.#append(chunk.subarray(at));
    return lines;
  }

  /** The last line, if the input does not end with a line feed. */
  end(): readonly Line[] {
    return this.#length > 0 ? [this.#finish()] : [];
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length > this.#maxLength) this.#parts = [];
    else this.#parts.push(bytes);
  }

  #finish(): Line {
    const bytes = this.#length > this.#maxLength ? undefined : Buffer.concat(this.#parts);
    const line = { number: this.#number, bytes };
    this.#parts = [];
    this.#length = 0;
    this.#number += 1;
    return line;
  }
}

const LINE_FEED = 0x0a;

/** One line, or none where it is empty. */
function readLine({ number, bytes }: Line): readonly EventLine[] {
  if (bytes === undefined) return [{ number, event: malformed("the line is too long") }];
  if (!isUtf8(bytes)) return [{ number, event: malformed("not UTF-8") }];
  const text = new TextDecoder().decode(bytes);
  return text.trim() === "" ? [] : [{ number, event: parseText(text) }];
}

function parseText(text: string): Parsed<NostrEvent> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const error = text.length <= MAX_EXPLAINED_LENGTH ? findJsonError(text) : undefined;
    const place = error ? `: column ${error.column}: expected ${error.expected}` : "";
    return malformed(`not JSON${place}`);
  }
  return parseEvent(value);
}

/** What comes until `stop` is aborted; it does not wait for what may never come. */
async function* until<T>(
  stop: AbortSignal,
  input: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const iterator = input[Symbol.asyncIterator]();
  while (!stop.aborted) {
    const next = await unlessStopped(stop, iterator.next());
    if (next === undefined || next.done) return;
    yield next.value;
  }
}

/** `undefined` if `stop` is aborted first. Keeps no hold on the promise afterwards. */
function unlessStopped<T>(stop: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    stop.addEventListener("abort", end, { once: true });
    const settle = () => stop.removeEventListener("abort", end);
    promise.then(resolve, reject).then(settle, settle);
  });
}
