/**
 * All reconciliations of one client (NIP-77): what it may ask, how many at once, and which one an id
 * means now. The ids are not those of its REQs.
 */

import { type NegReason, negError } from "../nostr/message.ts";
import { reasonOf, type Verdict } from "../nostr/verdict.ts";
import { TOO_BUSY } from "./backlog.ts";
import type { Outbox } from "./outbox.ts";
import type { Quota, SharedQuota } from "./quota.ts";
import type { Reader } from "./reader.ts";
import { type Opening, Reconciliation, type ReconciliationParts } from "./reconciliation.ts";

export interface NegentropyParts extends ReconciliationParts {
  readonly quota: SharedQuota;
}

/** Of one client, at once. Their scans of the store run one after the other. */
const MAX_RECONCILIATIONS = 16;

export class Negentropy {
  readonly #parts: NegentropyParts;
  readonly #reader: Reader;
  readonly #outbox: Outbox;
  readonly #quota: Quota;
  readonly #open = new Map<string, Reconciliation>();
  readonly #waiting = new Set<Reconciliation>();
  #starting: Promise<void> | undefined;
  #ended = false;

  constructor(parts: NegentropyParts, reader: Reader, outbox: Outbox) {
    this.#parts = parts;
    this.#reader = reader;
    this.#outbox = outbox;
    this.#quota = parts.quota.forConnection();
  }

  /**
   * Begins in place of what had this id, if anything. Returns a promise only where the policy has to
   * be waited for; what the client sends next should wait, too.
   */
  open(opening: Opening): void | Promise<void> {
    this.close(opening.id);
    if (this.#quota.max === 0) {
      this.refuse(opening.id, "unsupported: this relay does not reconcile");
      return;
    }
    this.#forgetStopped();
    if (this.#open.size >= MAX_RECONCILIATIONS) {
      this.refuse(opening.id, `rate-limited: at most ${MAX_RECONCILIATIONS} NEG-OPENs at once`);
      return;
    }
    if (!this.#reader.lane.hasRoom) {
      this.refuse(opening.id, TOO_BUSY);
      return;
    }
    const verdict = this.#reader.ask([opening.filter]);
    if (verdict instanceof Promise) return verdict.then((v) => this.#follow(v, opening));
    this.#follow(verdict, opening);
  }

  /** Answers a NEG-MSG; resolves when that is done. */
  async answer(id: string, message: Uint8Array): Promise<void> {
    this.#forgetStopped();
    const reconciliation = this.#open.get(id);
    if (reconciliation) await reconciliation.answer(message);
    else this.refuse(id, "closed: no NEG-OPEN has this id");
  }

  /** Answers with NEG-ERR, which also ends what had this id. */
  refuse(id: string, reason: NegReason): void {
    this.close(id);
    this.#outbox.send(negError(id, reason));
  }

  /** Ends what has this id, if anything, without a word. */
  close(id: string): void {
    const reconciliation = this.#open.get(id);
    if (reconciliation === undefined) return;
    reconciliation.stop();
    this.#open.delete(id);
    this.#waiting.delete(reconciliation);
  }

  /** Asks the policy again about all that is open; what it refuses by now is ended. */
  async review(): Promise<void> {
    for (const [id, reconciliation] of [...this.#open]) {
      const verdict = await this.#reader.askAgain([reconciliation.filter]);
      if (verdict.accepted || this.#open.get(id) !== reconciliation) continue;
      this.refuse(id, reasonOf(verdict));
    }
  }

  /** Ends everything; resolves when the store is left alone. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const id of this.#open.keys()) this.close(id);
    await this.#starting;
  }

  #follow(verdict: Verdict, opening: Opening): void {
    if (this.#ended) return;
    if (!verdict.accepted) {
      this.refuse(opening.id, reasonOf(verdict));
      return;
    }
    const reconciliation = new Reconciliation(
      { ...opening, filter: this.#reader.narrow(opening.filter) },
      this.#reader,
      this.#parts,
      this.#quota,
      this.#outbox,
    );
    this.#open.set(opening.id, reconciliation);
    this.#waiting.add(reconciliation);
    this.#startNext();
  }

  /** What has failed by itself has said so. */
  #forgetStopped(): void {
    for (const [id, { isStopped }] of this.#open) if (isStopped) this.#open.delete(id);
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#starting) return;
    this.#waiting.delete(next);
    this.#starting = next.start().then(() => {
      this.#starting = undefined;
      this.#startNext();
    });
  }
}
