/**
 * All REQs of one client: what it may ask, how many at once, and which one an id means now.
 */

import type { Peer } from "../channel.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import { closedMessage, type Reason } from "../nostr/message.ts";
import { accept, reasonOf, reject, type Verdict } from "../nostr/verdict.ts";
import { isGuardedFilter, type View } from "../nostr/visibility.ts";
import type { Policy } from "../policy.ts";
import type { Outbox } from "./outbox.ts";
import type { Pace } from "./pace.ts";
import { Query, type QueryParts } from "./query.ts";

export interface QueriesParts extends Omit<QueryParts, "paced"> {
  readonly policy: Policy;
  readonly pace: Pace;
  readonly made?: Made;
}

/** Events made for one who asks: sent before what is stored, and kept nowhere. */
export type Made = (filters: readonly Filter[], peer: Peer) => readonly VerifiedEvent[];

/** Scans of the store that one client may have under way. The rest of its REQs wait in order. */
const MAX_SCANS = 4;

export class Queries {
  readonly #parts: QueriesParts & QueryParts;
  readonly #peer: Peer;
  readonly #outbox: Outbox;
  readonly #view: View;
  readonly #open = new Map<string, Query>();
  readonly #waiting = new Set<Query>();
  readonly #scans = new Set<Promise<void>>();
  #ended = false;

  constructor(parts: QueriesParts, peer: Peer, outbox: Outbox) {
    this.#parts = { ...parts, paced: (pages) => parts.pace.paced(peer.address, pages) };
    this.#peer = peer;
    this.#outbox = outbox;
    this.#view = {
      get now() {
        return parts.clock.now();
      },
      readers: peer.pubkeys,
    };
  }

  /**
   * Opens a subscription in place of the one that had this id, if any. Returns a promise only where
   * the policy has to be waited for; what the client sends after the REQ should wait, too.
   */
  open(id: string, filters: readonly Filter[]): void | Promise<void> {
    this.close(id);
    const { maxFilters, maxFilterValues, maxSubscriptions } = this.#parts.limits;
    if (filters.length > maxFilters) {
      this.refuse(id, `invalid: a REQ may have at most ${maxFilters} filters`);
      return;
    }
    if (filters.reduce((sum, filter) => sum + valuesIn(filter), 0) > maxFilterValues) {
      this.refuse(id, `invalid: the filters of a REQ may have at most ${maxFilterValues} values`);
      return;
    }
    if (this.#open.size >= maxSubscriptions) {
      this.refuse(id, `rate-limited: at most ${maxSubscriptions} subscriptions at once`);
      return;
    }
    if (this.#peer.pubkeys.size === 0 && filters.some(isGuardedFilter)) {
      this.refuse(id, "auth-required: gift wraps are shown to their recipients only");
      return;
    }
    const verdict = this.#ask(filters);
    if (verdict instanceof Promise) return verdict.then((v) => this.#follow(v, id, filters));
    this.#follow(verdict, id, filters);
  }

  /** Answers a REQ with CLOSED, which also ends the subscription that had this id. */
  refuse(id: string, reason: Reason): void {
    this.close(id);
    this.#outbox.send(closedMessage(id, reason));
  }

  /** Ends the subscription, if there is one, without a word (NIP-01 has no answer to CLOSE). */
  close(id: string): void {
    const query = this.#open.get(id);
    if (query === undefined) return;
    query.stop();
    this.#open.delete(id);
    this.#waiting.delete(query);
  }

  /** Asks the policy again about all that is open; what it refuses by now is closed. */
  async review(): Promise<void> {
    for (const query of [...this.#open.values()]) {
      const verdict = await this.#ask(query.filters);
      if (verdict.accepted || this.#open.get(query.id) !== query) continue;
      this.refuse(query.id, reasonOf(verdict));
    }
  }

  /** Ends everything; resolves when the store is left alone. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const id of this.#open.keys()) this.close(id);
    await Promise.all(this.#scans);
  }

  /** What the policy says; where it fails, the answer is no. */
  #ask(filters: readonly Filter[]): Verdict | Promise<Verdict> {
    const failed = (error: unknown): Verdict => {
      this.#parts.log("error", "read policy failed", { error: String(error) });
      return reject("error", "the relay could not decide on this REQ");
    };
    try {
      const verdict = this.#parts.policy.read?.(filters, this.#peer) ?? accept;
      return verdict instanceof Promise ? verdict.catch(failed) : verdict;
    } catch (error) {
      return failed(error);
    }
  }

  #follow(verdict: Verdict, id: string, filters: readonly Filter[]): void {
    if (this.#ended) return;
    if (!verdict.accepted) {
      this.refuse(id, reasonOf(verdict));
      return;
    }
    const { policy } = this.#parts;
    const shown = filters.map((filter) => policy.narrow?.(filter, this.#peer) ?? filter);
    const made = this.#parts.made?.(shown, this.#peer) ?? [];
    const query = new Query(id, { filters: shown, made }, this.#view, this.#parts, this.#outbox);
    this.#open.set(id, query);
    query.start();
    this.#waiting.add(query);
    this.#scanNext();
  }

  #scanNext(): void {
    for (const query of this.#waiting) {
      if (this.#scans.size >= MAX_SCANS) return;
      this.#waiting.delete(query);
      const scan = query.scan().then(() => {
        this.#scans.delete(scan);
        if (query.isStopped && this.#open.get(query.id) === query) this.#open.delete(query.id);
        this.#scanNext();
      });
      this.#scans.add(scan);
    }
  }
}

function valuesIn({ ids, authors, kinds, tags }: Filter): number {
  const lists = [ids, authors, kinds, ...tags.values()];
  return lists.reduce((sum, list) => sum + (list?.size ?? 0), 0);
}
