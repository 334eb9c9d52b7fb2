/**
 * One REQ from its acceptance to its end: live from the start, then what is stored, one EOSE, what
 * arrived meanwhile, and from there on whatever matches. Every event is sent once.
 */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { ID_END, idOfJson, type VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { EventId } from "../nostr/key.ts";
import {
  aroundEvents,
  closedMessage,
  type EoseHint,
  eoseMessage,
  type Reason,
} from "../nostr/message.ts";
import { Around, MessageRun } from "../nostr/message-run.ts";
import { SharedText, type Texts } from "../nostr/packed-texts.ts";
import { isVisible, type View } from "../nostr/visibility.ts";
import type { Limits } from "../policy.ts";
import type { EventStore, Remainder, StoredFilter } from "../store.ts";
import type { Ingest } from "./ingest.ts";
import type { Outbox } from "./outbox.ts";
import { MAX_FRUITLESS, TOO_COSTLY } from "./pace.ts";
import type { Reader } from "./reader.ts";
import type { Subscription, Subscriptions } from "./subscriptions.ts";

export interface QueryParts {
  readonly store: EventStore;
  readonly subscriptions: Subscriptions;
  readonly ingest: Pick<Ingest, "isCommitting" | "isWriting" | "commits" | "delivered">;
  readonly limits: Limits;
  readonly eoseHints?: boolean;
  readonly clock: Clock;
  readonly defer: (run: () => void) => void;
  readonly log: Log;
}

/** Stored events that are sent in one turn of the event loop. */
const SLICE = 512;

export class Query implements Subscription {
  readonly id: string;
  readonly filters: readonly Filter[];
  readonly view: View;
  readonly #reader: Reader;
  readonly #parts: QueryParts;
  readonly #outbox: Outbox;
  /** What stands before and behind an event. */
  readonly #around: Around;
  /** Live events that wait for EOSE; `undefined` after it. */
  #held: Map<EventId, VerifiedEvent> | undefined = new Map();
  /** Sent from the store before live delivery came to them, and by which transaction it comes at the latest. */
  #early: Map<EventId, number> | undefined;
  #stopped = false;

  constructor(
    id: string,
    filters: readonly Filter[],
    reader: Reader,
    parts: QueryParts,
    outbox: Outbox,
  ) {
    this.id = id;
    this.filters = filters;
    this.view = reader.view;
    this.#reader = reader;
    this.#parts = parts;
    this.#outbox = outbox;
    this.#around = new Around(...aroundEvents(id));
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Live from now on. Stored events follow when `scan` is called. */
  start(): void {
    this.#parts.subscriptions.add(this);
  }

  /** Sends nothing any more. A scan under way ends at the next event. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#parts.subscriptions.remove(this);
    this.#releaseHeld();
  }

  deliver(event: VerifiedEvent, text: SharedText): void {
    if (this.#stopped || this.#wasEarly(event.id)) return;
    if (this.#held === undefined) {
      this.#show(text);
    } else if (!this.#held.has(event.id)) {
      this.#held.set(event.id, event);
      this.#outbox.hold(event.json.length);
    }
  }

  /** Sends what is stored, then EOSE. Never rejects; a failing store ends the query with CLOSED. */
  async scan(): Promise<void> {
    try {
      const hint = await this.#sendStored();
      if (!this.#stopped) this.#goLive(hint);
    } catch (error) {
      this.#parts.log("error", "query failed", { error: String(error) });
      this.#kill("error: the store could not answer");
    }
  }

  #kill(reason: Reason): void {
    if (this.#stopped) return;
    this.stop();
    this.#outbox.send(closedMessage(this.id, reason));
  }

  /** Returns what EOSE can say for certain. */
  async #sendStored(): Promise<EoseHint | undefined> {
    for (const event of this.#reader.made(this.filters)) this.#show(new SharedText(event.json));
    const filters = storedFilters(this.filters, this.#parts.limits);
    if (filters.length === 0) return undefined;
    const pages = this.#reader.paced(this.#parts.store.query(filters, this.view));
    let fruitless = 0;
    let wasLong = false;
    for (let page = await pages.next(); ; page = await pages.next()) {
      if (page.done) return this.#hint(page.value, filters);
      const { now } = this.view;
      fruitless = page.value.length === 0 ? fruitless + 1 : 0;
      if (fruitless > MAX_FRUITLESS) this.#kill(TOO_COSTLY);
      // While the client took long for the last page, the store may have had this one ready.
      else await this.#sendPage(page.value, wasLong ? undefined : now);
      wasLong = this.view.now !== now;
      if (!this.#stopped) continue;
      await pages.return("unknown");
      return undefined;
    }
  }

  /**
   * Sends as much as the client takes, and waits for it. What was read in another second, or nobody
   * knows when, may have expired or been removed since, and is looked up again.
   */
  async #sendPage(page: Texts, readAt: number | undefined): Promise<void> {
    let sent = 0;
    for (const run of MessageRun.of(page, this.#around, this.#outbox.portion)) {
      if (sent + run.length > SLICE) {
        sent = 0;
        await new Promise<void>(this.#parts.defer);
      }
      let asOf = readAt;
      let there: ReadonlySet<EventId> | undefined;
      while (!this.#stopped && (this.#outbox.isFull || this.view.now !== asOf)) {
        if (this.#outbox.isFull) {
          await this.#outbox.emptied();
        } else {
          there = await this.#stillThere(run);
          asOf = this.view.now; // it waits for its turn, then is fresh
        }
      }
      if (this.#stopped) return;
      this.#sendRun(run, there);
      sent += run.length;
    }
    while (this.#outbox.isFull) await this.#outbox.emptied();
  }

  /** The ids of those that can be seen now. */
  async #stillThere(run: MessageRun): Promise<ReadonlySet<EventId>> {
    const ids = new Set(Array.from({ length: run.length }, (_, index) => idIn(run, index)));
    const pages = this.#parts.store.query([{ ids, tags: new Map(), limit: ids.size }], this.view);
    const there = new Set<EventId>();
    for await (const page of this.#reader.paced(pages)) {
      for (const text of page) there.add(idOfJson(text));
    }
    return there;
  }

  #hint(remainder: Remainder, asked: readonly Filter[]): EoseHint | undefined {
    if (this.#parts.eoseHints === false) return undefined;
    if (remainder === "more") return "more";
    // Nobody has looked for what a filter with `limit: 0` matches.
    const isWhole = remainder === "finish" && asked.length === this.filters.length;
    return isWhole ? "finish" : undefined;
  }

  /** `there` says which of them still can be seen; all, without it. */
  #sendRun(run: MessageRun, there?: ReadonlySet<EventId>): void {
    if (!there && !this.#mayMeetLive(run)) {
      this.#outbox.sendRun(run);
      return;
    }
    for (let i = 0; i < run.length; i++) {
      if (!there || there.has(idIn(run, i))) this.#sendOnce(run, i);
    }
  }

  /** Whether one of these events is on its way as a live one, too. Mostly nobody needs their ids. */
  #mayMeetLive(run: MessageRun): boolean {
    if (!this.#held?.size && !this.#parts.ingest.isWriting) return false;
    for (let i = 0; i < run.length; i++) {
      const id = idIn(run, i);
      if (this.#held?.has(id) || this.#parts.ingest.isCommitting(id)) return true;
    }
    return false;
  }

  #sendOnce(run: MessageRun, index: number): void {
    const id = idIn(run, index);
    if (this.#held?.has(id)) return; // comes after EOSE
    if (this.#parts.ingest.isCommitting(id)) {
      this.#early ??= new Map();
      this.#early.set(id, this.#parts.ingest.commits);
    }
    this.#outbox.send(run.at(index));
  }

  /** A later transaction delivers another arrival: this one was a duplicate, or has been deleted since. */
  #wasEarly(id: EventId): boolean {
    const latest = this.#early?.get(id);
    if (latest === undefined) return false;
    this.#early?.delete(id);
    return this.#parts.ingest.delivered <= latest;
  }

  #goLive(hint: EoseHint | undefined): void {
    this.#outbox.send(eoseMessage(this.id, hint));
    for (const event of this.#releaseHeld()) {
      // It may have expired while it waited.
      if (isVisible(event, this.view)) this.#show(new SharedText(event.json));
    }
  }

  #releaseHeld(): readonly VerifiedEvent[] {
    const held = [...(this.#held?.values() ?? [])];
    this.#held = undefined;
    this.#outbox.hold(-held.reduce((sum, event) => sum + event.json.length, 0));
    return held;
  }

  #show(text: SharedText): void {
    this.#outbox.sendRun(MessageRun.one(text, this.#around));
  }
}

/** The id in a message with a stored event. */
function idIn(run: MessageRun, index: number): EventId {
  return idOfJson(run.textAt(index, ID_END));
}

/**
 * What the store is asked: limits clamped silently (NIP-11, `max_limit`), none for `limit: 0`. Where
 * the client has set no limit, the relay's own does not cut a second in two (NIP-67).
 */
function storedFilters(filters: readonly Filter[], limits: Limits): readonly StoredFilter[] {
  const { maxLimit, defaultLimit } = limits;
  return filters
    .map((filter) => {
      const limit = Math.min(filter.limit ?? defaultLimit, maxLimit);
      return { ...filter, limit, surplus: filter.limit === undefined ? maxLimit - limit : 0 };
    })
    .filter((filter) => filter.limit > 0);
}
