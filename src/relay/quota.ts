/**
 * How many records may lie in memory for reconciliation (NIP-77): so many for one connection, and
 * some times as many for all connections of the relay together.
 */

import type { Reason } from "../nostr/message.ts";

/** Connections that can hold as much as one may. */
const FULL_CONNECTIONS = 4;

export interface Refusal {
  readonly reason: Reason;
  /** What one connection may hold, where that is the reason. */
  readonly max?: number;
}

/** The relay's; `forConnection` parts it. */
export class SharedQuota {
  readonly #max: number;
  #held = 0;

  /** `max` records a connection. */
  constructor(max: number) {
    this.#max = max;
  }

  forConnection(): Quota {
    return new Quota(this.#max, this);
  }

  take(records: number): boolean {
    if (this.#held + records > FULL_CONNECTIONS * this.#max) return false;
    this.#held += records;
    return true;
  }

  give(records: number): void {
    this.#held -= records;
  }
}

/** One connection's. */
export class Quota {
  /** 0 where nothing is reconciled at all. */
  readonly max: number;
  readonly #shared: SharedQuota;
  #held = 0;

  constructor(max: number, shared: SharedQuota) {
    this.max = max;
    this.#shared = shared;
  }

  /** Takes all of them, or none and says why. */
  take(records: number): Refusal | undefined {
    if (this.#held + records > this.max) {
      return { reason: "blocked: this query is too big", max: this.max };
    }
    if (!this.#shared.take(records)) {
      return { reason: "rate-limited: others are reconciling too much; try again later" };
    }
    this.#held += records;
    return undefined;
  }

  /** Gives back what was taken. */
  give(records: number): void {
    this.#held -= records;
    this.#shared.give(records);
  }
}
