/**
 * A thread of the SQLite store as the main thread sees it: questions go in, answers come out in any
 * order. When the thread dies, what it was asked fails, and the next question starts a new one.
 */

import { Worker } from "node:worker_threads";
import type { Filter } from "../nostr/filter.ts";
import type { EventId } from "../nostr/key.ts";
import type { PackedTexts } from "../nostr/packed-texts.ts";
import type { View } from "../nostr/visibility.ts";
import type { ExportOrder, Remainder, StoredFilter } from "../store.ts";
import type { ConnectionOptions } from "./connection.ts";
import { StoreError, type StoreErrorCode } from "./error.ts";

/** What a thread is started with. */
export interface Role {
  readonly role: "writer" | "reader";
  readonly path: string;
  readonly options: ConnectionOptions;
}

/** What a scan walks through. */
export type Scan =
  | { readonly of: "query"; readonly filters: readonly StoredFilter[]; readonly view?: View }
  | { readonly of: "locate" | "authors"; readonly filters: readonly Filter[]; readonly view?: View }
  | { readonly of: "export"; readonly filters: readonly Filter[]; readonly order: ExportOrder };

/** A scan is named by the id of the request that began it. */
export type Question =
  | { readonly what: "open" | "close" }
  | { readonly what: "insert"; readonly texts: readonly string[] }
  | { readonly what: "remove"; readonly ids: readonly EventId[] }
  | { readonly what: "sweep"; readonly now: number }
  | { readonly what: "count"; readonly filters: readonly Filter[]; readonly view?: View }
  | { readonly what: "scan"; readonly scan: Scan }
  | { readonly what: "next"; readonly scan: number; readonly view?: View }
  | { readonly what: "stop"; readonly scan: number };

export interface Request {
  readonly id: number;
  readonly question: Question;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: Failure };

export interface Failure {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

/** A page of a scan; the last one says what is left. */
export interface Page {
  /** The memory of what is packed changes hands: nobody copies it. */
  readonly texts: readonly string[] | Pick<PackedTexts, "bytes" | "ends">;
  readonly isLast: boolean;
  readonly remainder?: Remainder;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Thread {
  readonly #role: Role;
  readonly #start: (role: Role) => Worker;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  /** `start` starts a thread that runs `worker.ts`. */
  constructor(role: Role, start: (role: Role) => Worker = startWorker) {
    this.#role = role;
    this.#start = start;
  }

  /** How many questions wait for an answer. */
  get load(): number {
    return this.#pending.size;
  }

  /** Resolves when the database is open; rejects as opening it would. */
  async open(): Promise<void> {
    await this.ask({ what: "open" });
  }

  /** What the answer is depends on the question; who asks knows. */
  ask<T>(question: Question, id: number = this.nextId()): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error("the store is closed"));
    return new Promise<T>((resolve, reject) => {
      const worker = this.#running();
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      worker.ref();
      worker.postMessage({ id, question } satisfies Request);
    });
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** No answer is waited for, and no thread is started. */
  tell(question: Question): void {
    this.#worker?.postMessage({ id: 0, question } satisfies Request);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = this.#worker && this.ask({ what: "close" });
    this.#isClosed = true;
    try {
      await closed;
    } finally {
      await this.#worker?.terminate();
    }
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = this.#start(this.#role);
    worker.on("message", (answer: Answer) => this.#settle(answer));
    worker.on("error", (error) => this.#fail(worker, error));
    worker.on("exit", () => this.#fail(worker));
    this.#worker = worker;
    return worker;
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (!pending) return;
    if ("error" in answer) pending.reject(errorFrom(answer.error));
    else pending.resolve(answer.value);
  }

  #fail(worker: Worker, cause?: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = new StoreError(
      "ERR_STORE_THREAD",
      `the ${this.#role.role} thread of the store has ended; what it was asked may be asked again`,
      { cause },
    );
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function startWorker(role: Role): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { workerData: role });
}

function errorFrom({ name, code, message }: Failure): Error {
  if (name === "StoreError") return new StoreError(code as StoreErrorCode, message);
  return Object.assign(new Error(message), { name, code });
}
