/**
 * Events signed before the clock runs, in a file that the next run finds again: signing is slow, and
 * no part of what is measured. Every record has the same length, so the n-th is read without a search.
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import type { VerifiedEvent } from "../../../src/nostr/event.ts";
import { progress } from "../progress.ts";
import type { BenchOptions } from "../suite.ts";
import { keptFolder } from "./kept.ts";
import { EVENT_BYTES, EventSeries, GENERATOR_VERSION } from "./series.ts";

/** An event and a line feed. */
const RECORD = EVENT_BYTES + 1;
/** Events signed between two writes. */
const BATCH = 500;

/**
 * `live`: from event 0 on, to publish while the clock runs. `stored`: those before it, the last one
 * first, for relays whose database cannot be filled but by publishing.
 */
export type Part = "live" | "stored";

export class SignedEvents {
  readonly series: EventSeries;
  readonly #part: Part;
  readonly #file: number;

  constructor({ data, seed }: Pick<BenchOptions, "data" | "seed">, part: Part = "live") {
    this.series = new EventSeries(seed, createNodeCrypto());
    this.#part = part;
    const folder = keptFolder(data);
    mkdirSync(folder, { recursive: true });
    this.#file = openSync(`${folder}/${part}-${GENERATOR_VERSION}-${seed}.jsonl`, "a+");
  }

  /** `["EVENT", …]` messages. */
  messages(start: number, end: number): readonly string[] {
    this.#sign(end);
    const bytes = Buffer.alloc((end - start) * RECORD);
    readSync(this.#file, bytes, 0, bytes.length, start * RECORD);
    const text = bytes.toString("latin1");
    return Array.from({ length: end - start }, (_, index) => {
      const at = index * RECORD;
      return `["EVENT",${text.slice(at, at + EVENT_BYTES)}]`;
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Adds to the file what it lacks. */
  #sign(end: number): void {
    const there = Math.floor(fstatSync(this.#file).size / RECORD);
    for (let start = there; start < end; start += BATCH) {
      const next = Math.min(end, start + BATCH);
      const batch = Array.from({ length: next - start }, (_, offset) =>
        this.#event(start + offset),
      );
      writeSync(this.#file, batch.map(({ json }) => `${json}\n`).join(""));
      progress(`signing events for this run and the next ones: ${next} of ${end}`);
    }
  }

  #event(record: number): VerifiedEvent {
    return this.series.signed(this.#part === "live" ? record : -1 - record);
  }
}

/** Hands out each event once, to a relay that must not see any twice. */
export class EventCursor {
  readonly #events: SignedEvents;
  readonly #memory: string | undefined;
  #next: number;

  /** `memory`: a file that remembers the place, for a relay that outlives this run. */
  constructor(events: SignedEvents, memory?: string) {
    this.#events = events;
    this.#memory = memory;
    this.#next = memory !== undefined && existsSync(memory) ? Number(readFileSync(memory)) : 0;
  }

  /** Messages for a load that may end early: only those that are then `used` do not come again. */
  reserve(count: number): readonly string[] {
    return this.#events.messages(this.#next, this.#next + count);
  }

  used(count: number): void {
    this.#next += count;
    if (this.#memory !== undefined) writeFileSync(this.#memory, `${this.#next}`);
  }

  /** Lines without right signatures, to be imported on trust; handed out for good. */
  unsignedLines(count: number): Buffer {
    const first = this.#next;
    this.used(count);
    const { series } = this.#events;
    return Buffer.concat(
      Array.from({ length: count }, (_, index) =>
        Buffer.from(`${series.unsigned(first + index).json}\n`, "latin1"),
      ),
    );
  }
}
