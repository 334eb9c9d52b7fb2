/**
 * What one client may read, however it asks: the same gates and the same view for REQ, COUNT
 * and NEG-OPEN.
 */

import type { Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { PublicKey } from "../nostr/key.ts";
import { accept, reject, type Verdict } from "../nostr/verdict.ts";
import { isGuardedFilter, type View } from "../nostr/visibility.ts";
import type { Limits, Policy } from "../policy.ts";
import type { Lane, Pace } from "./pace.ts";

/** Events made for one who asks: sent before what is stored, and kept nowhere. */
export type Made = (filters: readonly Filter[], peer: Peer) => readonly VerifiedEvent[];

export interface ReaderParts {
  readonly policy: Policy;
  readonly limits: Limits;
  readonly pace: Pace;
  /** What an address is counted as: the network of one household or server. */
  networkOf(address: string): string;
  /** Whether the store can search (NIP-50). */
  readonly search: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly made?: Made;
}

export class Reader implements View {
  readonly #parts: ReaderParts;
  readonly #peer: Peer;
  /** This client's turns at the store. */
  readonly lane: Lane;

  constructor(parts: ReaderParts, peer: Peer) {
    this.#parts = parts;
    this.#peer = peer;
    this.lane = parts.pace.laneFor(parts.networkOf(peer.address));
  }

  get view(): View {
    return this;
  }

  get now(): number {
    return this.#parts.clock.now();
  }

  get readers(): ReadonlySet<PublicKey> {
    return this.#peer.pubkeys;
  }

  /** May this be asked? Where the policy fails, the answer is no. */
  ask(filters: readonly Filter[]): Verdict | Promise<Verdict> {
    const { maxFilterValues } = this.#parts.limits;
    if (filters.reduce((sum, filter) => sum + valuesIn(filter), 0) > maxFilterValues) {
      return reject("invalid", `the filters of a query may have at most ${maxFilterValues} values`);
    }
    if (!this.#parts.search && filters.some(({ search }) => search !== undefined)) {
      return reject("unsupported", "this relay has no search");
    }
    if (this.#peer.pubkeys.size === 0 && filters.some(isGuardedFilter)) {
      return reject("auth-required", "gift wraps are shown to their recipients only");
    }
    return this.askAgain(filters);
  }

  /** The same of what was accepted before, and narrowed since: only the policy may have changed its mind. */
  askAgain(filters: readonly Filter[]): Verdict | Promise<Verdict> {
    const failed = (error: unknown): Verdict => {
      this.#parts.log("error", "read policy failed", { error: String(error) });
      return reject("error", "the relay could not decide on this query");
    };
    try {
      const verdict = this.#parts.policy.read?.(filters, this.#peer) ?? accept;
      return verdict instanceof Promise ? verdict.catch(failed) : verdict;
    } catch (error) {
      return failed(error);
    }
  }

  /** What the relay makes for this client because it asks. */
  made(filters: readonly Filter[]): readonly VerifiedEvent[] {
    return this.#parts.made?.(filters, this.#peer) ?? [];
  }

  /** What is left of an accepted question, without what the policy hides from this client. */
  narrow(filter: Filter): Filter {
    return this.#parts.policy.narrow?.(filter, this.#peer) ?? filter;
  }

  /** Lets pages come in this client's turns only. */
  paced<Page extends { readonly length: number }, Rest>(
    pages: AsyncIterable<Page, Rest>,
  ): AsyncGenerator<Page, Rest, undefined> {
    return this.lane.paced(pages);
  }
}

function valuesIn({ ids, authors, kinds, tags, allTags }: Filter): number {
  const lists = [ids, authors, kinds, ...tags.values(), ...(allTags?.values() ?? [])];
  return lists.reduce((sum, list) => sum + (list?.size ?? 0), 0);
}
