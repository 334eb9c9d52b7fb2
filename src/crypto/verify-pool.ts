/**
 * Signatures verified by threads, a batch at a time. Nothing waits in line here: what the threads
 * cannot take at once is verified by the caller's thread, and so is what a thread has left behind.
 */

import { Worker } from "node:worker_threads";
import type { CryptoProvider } from "../crypto.ts";

type Verify = CryptoProvider["verifySchnorr"];

export interface VerifyPoolOptions {
  /** How many; with 0 the caller's thread does it all. */
  readonly threads: number;
  /** What the caller's thread verifies with. */
  readonly verify: Verify;
  /** Told when a thread has ended that nobody has closed, with the error if there was one. */
  readonly lost: (error: unknown) => void;
  /** What the threads run; for tests. */
  readonly program?: URL;
}

/** What a thread is sent: message, public key and signature, one record after another. */
export const RECORD_BYTES = 128;

/** More than Ingest hands over in one turn. */
const MAX_RECORDS = 64;
/** Of one thread: one that it works on, and one to go on with. */
const MAX_BATCHES = 2;

export class VerifyPool {
  readonly #options: VerifyPoolOptions;
  readonly #threads = new Set<Thread>();
  /** What this tick has brought so far. */
  #batch: Batch | undefined;
  #isClosed = false;

  constructor(options: VerifyPoolOptions) {
    this.#options = options;
    for (let i = 0; i < options.threads; i++) this.#start();
  }

  /** As `CryptoProvider.verifySchnorr`, but later; never rejects. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): Promise<boolean> {
    if (signature.length !== 64 || message.length !== 32 || publicKey.length !== 32) {
      return Promise.resolve(false);
    }
    return new Promise((settle) => {
      const batch = this.#batch ?? this.#begin();
      batch.add(signature, message, publicKey, settle);
      if (batch.size === MAX_RECORDS) this.#dispatch(batch);
    });
  }

  /** Ends the threads. What they have not answered yet is answered all the same. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  #begin(): Batch {
    const batch = new Batch();
    this.#batch = batch;
    queueMicrotask(() => {
      if (this.#batch === batch) this.#dispatch(batch);
    });
    return batch;
  }

  #dispatch(batch: Batch): void {
    this.#batch = undefined;
    const thread = this.#threadFor(batch);
    if (thread) thread.send(batch);
    else batch.verify(this.#options.verify);
  }

  /** The one with the least to do, if it pays. */
  #threadFor(batch: Batch): Thread | undefined {
    let best: Thread | undefined;
    let waiting = 0;
    for (const thread of this.#threads) {
      waiting += thread.waiting;
      if (thread.waiting < (best?.waiting ?? MAX_BATCHES)) best = thread;
    }
    // The way to a thread and back takes longer than one signature.
    return batch.size === 1 && waiting === 0 ? undefined : best;
  }

  #start(): void {
    const { program = PROGRAM, verify, lost } = this.#options;
    const thread = new Thread(program, (error) => {
      this.#threads.delete(thread);
      for (const batch of thread.batches) batch.verify(verify);
      if (this.#isClosed) return;
      lost(error);
      // One that never worked would not work again.
      if (thread.hasAnswered) this.#start();
    });
    this.#threads.add(thread);
  }
}

const PROGRAM = new URL("./verify-thread.js", import.meta.url);

/** The signatures of one tick, and who waits for the answers. */
class Batch {
  readonly #records = new Uint8Array(MAX_RECORDS * RECORD_BYTES);
  readonly #settle: ((isValid: boolean) => void)[] = [];

  get size(): number {
    return this.#settle.length;
  }

  get records(): Uint8Array {
    return this.#records.subarray(0, this.size * RECORD_BYTES);
  }

  add(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
    settle: (isValid: boolean) => void,
  ): void {
    const at = this.size * RECORD_BYTES;
    this.#records.set(message, at);
    this.#records.set(publicKey, at + 32);
    this.#records.set(signature, at + 64);
    this.#settle.push(settle);
  }

  verify(verify: Verify): void {
    this.answer(verifyRecords(this.records, verify));
  }

  /** One byte a record: 1 for valid. */
  answer(flags: Uint8Array): void {
    for (const [i, settle] of this.#settle.entries()) settle(flags[i] === 1);
  }
}

/** What a thread answers: one byte a record, 1 for a valid signature. */
export function verifyRecords(records: Uint8Array, verify: Verify): Uint8Array<ArrayBuffer> {
  const flags = new Uint8Array(records.length / RECORD_BYTES);
  for (let i = 0; i < flags.length; i++) {
    const at = i * RECORD_BYTES;
    const [message, publicKey] = [
      records.subarray(at, at + 32),
      records.subarray(at + 32, at + 64),
    ];
    flags[i] = verify(records.subarray(at + 64, at + RECORD_BYTES), message, publicKey) ? 1 : 0;
  }
  return flags;
}

class Thread {
  /** What it has not answered, oldest first. */
  readonly batches: Batch[] = [];
  hasAnswered = false;
  readonly #worker: Worker;

  /** `ended` is called once, when it takes and answers nothing any more. */
  constructor(program: URL, ended: (error: unknown) => void) {
    // It needs nothing of the environment, where the relay's key may be, nor of the command line.
    this.#worker = new Worker(program, { env: {}, execArgv: [] });
    this.#worker.unref();
    let failure: unknown;
    this.#worker.on("message", (flags: Uint8Array) => this.#receive(flags));
    this.#worker.on("error", (error) => {
      failure = error;
    });
    this.#worker.on("messageerror", (error) => {
      failure = error;
      void this.end();
    });
    this.#worker.on("exit", () => ended(failure));
  }

  get waiting(): number {
    return this.batches.length;
  }

  send(batch: Batch): void {
    // A process must not end while somebody waits for an answer.
    if (this.waiting === 0) this.#worker.ref();
    this.batches.push(batch);
    this.#worker.postMessage(batch.records);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(flags: Uint8Array): void {
    this.hasAnswered = true;
    this.batches.shift()?.answer(flags);
    if (this.waiting === 0) this.#worker.unref();
  }
}
