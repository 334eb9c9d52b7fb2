/**
 * EVENT: verify → NIPs and policy → store or pass on → OK. Clients take turns, so that one that sends
 * thousands of events delays the others by a slice at most; whatever was accepted while one
 * transaction ran goes into the next, which lies ready if it is large. What is queued is bounded, per
 * client and in all.
 */

import type { Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { NostrEvent, VerifiedEvent } from "../nostr/event.ts";
import type { EventId } from "../nostr/key.ts";
import { classifyKind, KIND_AUTH } from "../nostr/kind.ts";
import { okMessage, type Reason } from "../nostr/message.ts";
import type { Parsed } from "../nostr/parsed.ts";
import { judgePublication } from "../nostr/publication.ts";
import {
  type Rejection,
  reasonOf,
  type ShadowRejection,
  type WriteVerdict,
} from "../nostr/verdict.ts";
import { accept, type Policy } from "../policy.ts";
import type { EventStore, InsertOutcome } from "../store.ts";
import { type Backlog, type Share, TOO_BUSY } from "./backlog.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Checks id and signature; a pool of threads may stand behind it. */
export type Verify = (event: NostrEvent) => Parsed<VerifiedEvent> | Promise<Parsed<VerifiedEvent>>;

export interface IngestParts {
  readonly verify: Verify;
  readonly clock: Clock;
  /** Whether a URL names this relay. */
  isOwnUrl(url: string): boolean;
  readonly policy: Policy;
  readonly store: EventStore;
  readonly subscriptions: Subscriptions;
  /** Counts the events that are not answered yet. */
  readonly backlog: Backlog;
  /** What an address is counted as: the network of one household or server. */
  networkOf(address: string): string;
  readonly defer: (run: () => void) => void;
  readonly log: Log;
  /** Is told of every event that was stored. */
  readonly stored?: (event: VerifiedEvent) => void;
}

/** Events verified in one turn of the event loop: some milliseconds with a slow verifier. */
const SLICE = 32;
/**
 * A transaction costs much whatever is in it, so while there is more to verify it waits; but not
 * for more slices than this.
 */
const PATIENCE = 8;
/** Events in one transaction. */
const MAX_BATCH = 1_024;
/**
 * So many go to the store while it still writes the last ones, so that a thread that writes does not
 * run dry; fewer wait until it is done.
 */
const MIN_AHEAD = 384;
/** Events from their check to their answer: threads may take on more than is good for turns. */
const MAX_UNDER_WAY = 1_024;

/** From here on a client should not be read from; its events are refused. */
const BUSY: Bound = { events: 256, characters: 2 ** 20 };
const MAX_PER_PEER: Bound = { events: 1_024, characters: 2 ** 22 };
/** Characters of which a long event counts as one more in the backlog. */
const LONG = 4_096;

interface Bound {
  readonly events: number;
  readonly characters: number;
}

/** What of one client is not answered yet. */
interface Load {
  events: number;
  characters: number;
  readonly share: Share;
}

interface Item {
  readonly event: NostrEvent;
  readonly peer: Peer;
  readonly answer: (text: string) => void;
}

/** What the next transaction takes. `settle` is called with `undefined` when it has failed. */
interface Accepted {
  readonly event: VerifiedEvent;
  readonly settle: (outcome: InsertOutcome | undefined) => void;
}

export class Ingest {
  readonly #parts: IngestParts;
  /** What is not verified yet, one queue a client; the first client in the map is next. */
  readonly #queues = new Map<Peer, Item[]>();
  readonly #loads = new Map<Peer, Load>();
  #accepted: Accepted[] = [];
  /** What the store was asked for and has not answered, by the transactions' numbers: two at the most. */
  readonly #committing = new Map<number, ReadonlySet<EventId>>();
  #commits = 0;
  #delivered = 0;
  #underWay = 0;
  /** Whether a slice is due. */
  #isVerifying = false;
  /** Since the last transaction was due. */
  #slices = 0;
  /** Whether a transaction is due. */
  #isDue = false;
  #whenIdle: (() => void)[] = [];
  #whenCommitted: (() => void)[] = [];

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /** Resolves with the OK that answers the event, never rejects. `characters`: what it costs to hold. */
  submit(event: NostrEvent, peer: Peer, characters: number): Promise<string> {
    const load = this.#loads.get(peer) ?? this.#emptyLoad(peer);
    const refusal = refusalOf(event, load);
    if (refusal !== undefined) return Promise.resolve(okMessage(event.id, false, refusal));
    this.#loads.set(peer, load);
    grow(load, 1, characters);
    return new Promise((resolve) => {
      const answer = (text: string): void => {
        grow(load, -1, characters);
        this.#underWay -= 1;
        this.#verifyLater();
        if (load.events === 0) this.#loads.delete(peer);
        if (this.#loads.size === 0) for (const idle of this.#whenIdle.splice(0)) idle();
        resolve(text);
      };
      this.#queue({ event, peer, answer });
    });
  }

  /**
   * Stores and delivers what the relay itself says, in one transaction; nobody is asked. Resolves
   * with the outcomes, `undefined` where storing has failed, never rejects.
   */
  async publish(events: readonly VerifiedEvent[]): Promise<readonly (InsertOutcome | undefined)[]> {
    const outcomes = events.map(
      (event) =>
        new Promise<InsertOutcome | undefined>((settle) => this.#accepted.push({ event, settle })),
    );
    this.#scheduleCommit();
    return await Promise.all(outcomes);
  }

  /** Whether this client has so much queued that it should not be read from. */
  isBusy(peer: Peer): boolean {
    const load = this.#loads.get(peer);
    return load !== undefined && exceeds(load, BUSY);
  }

  /**
   * Whether the store may show this event already while live delivery of it is still to come.
   * Outside of this, an event in the store has been delivered.
   */
  isCommitting(id: EventId): boolean {
    for (const ids of this.#committing.values()) if (ids.has(id)) return true;
    return false;
  }

  /** Whether that holds for any event. */
  get isWriting(): boolean {
    return this.#committing.size > 0;
  }

  /** How many transactions have begun. */
  get commits(): number {
    return this.#commits;
  }

  /** The number of the transaction whose events were delivered last, or are being so. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Resolves when everything submitted has been answered. */
  async idle(): Promise<void> {
    if (this.#loads.size > 0) await new Promise<void>((idle) => this.#whenIdle.push(idle));
  }

  /** Resolves when everything accepted until now is in the store, or has failed. */
  async settled(): Promise<void> {
    this.#scheduleCommit();
    const last = this.#commits + Math.ceil(this.#accepted.length / MAX_BATCH);
    const isUnderWay = (commit: number) => commit <= last;
    while (this.#commits < last || [...this.#committing.keys()].some(isUnderWay)) {
      await new Promise<void>((committed) => this.#whenCommitted.push(committed));
    }
  }

  #emptyLoad({ address }: Peer): Load {
    const { backlog, networkOf } = this.#parts;
    return { events: 0, characters: 0, share: backlog.shareOf(networkOf(address)) };
  }

  #queue(item: Item): void {
    const queue = this.#queues.get(item.peer);
    if (queue) queue.push(item);
    else this.#queues.set(item.peer, [item]);
    this.#verifyLater();
  }

  get #hasNext(): boolean {
    return this.#queues.size > 0 && this.#underWay < MAX_UNDER_WAY;
  }

  #verifyLater(): void {
    if (this.#isVerifying || !this.#hasNext) return;
    this.#isVerifying = true;
    this.#parts.defer(() => this.#verifySlice());
  }

  #verifySlice(): void {
    for (let i = 0; i < SLICE && this.#hasNext; i += 1) {
      const item = this.#next();
      if (item) this.#judge(item);
    }
    this.#slices += 1;
    if (!this.#hasNext || this.#slices >= PATIENCE) this.#scheduleCommit();
    this.#isVerifying = false;
    this.#verifyLater();
  }

  /** The next event of the client whose turn it is; the client goes to the end of the line. */
  #next(): Item | undefined {
    for (const [peer, queue] of this.#queues) {
      this.#queues.delete(peer);
      const item = queue.shift();
      if (queue.length > 0) this.#queues.set(peer, queue);
      return item;
    }
    return undefined;
  }

  /** At once, where all who are asked answer at once: promises cost as much as a hash. */
  #judge(item: Item): void {
    const { event, peer, answer } = item;
    this.#underWay += 1;
    const fail = (error: unknown): void => {
      this.#parts.log("error", "event could not be judged", { error: String(error) });
      answer(okMessage(event.id, false, "error: the relay could not process this event"));
    };
    try {
      const judged = proceed(this.#parts.verify(event), (verified) => {
        if (!verified.ok) return answer(okMessage(event.id, false, `invalid: ${verified.reason}`));
        const verdict = this.#decide(verified.value, peer);
        return proceed(verdict, (known) => this.#obey(known, verified.value, answer));
      });
      judged?.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #decide(event: VerifiedEvent, peer: Peer): WriteVerdict | Promise<WriteVerdict> {
    const { clock, policy, isOwnUrl } = this.#parts;
    const publication = { now: clock.now(), publishers: peer.pubkeys, isOwnUrl };
    const verdict = judgePublication(event, publication);
    return verdict.accepted ? (policy.write?.(event, peer) ?? accept) : verdict;
  }

  #obey(verdict: WriteVerdict, event: VerifiedEvent, answer: Item["answer"]): void {
    if (!verdict.accepted) {
      answer(rejectionMessage(event.id, verdict));
    } else if (classifyKind(event.kind) === "ephemeral") {
      answer(this.#pass(event));
    } else {
      const settle: Accepted["settle"] = (outcome) => answer(outcomeMessage(event.id, outcome));
      this.#accepted.push({ event, settle });
      if (!this.#hasNext || this.#accepted.length >= MIN_AHEAD) this.#scheduleCommit();
    }
  }

  /** Ephemeral events live only in those who listen now (NIP-01, `mute:`). */
  #pass(event: VerifiedEvent): string {
    return this.#parts.subscriptions.deliver(event) > 0
      ? okMessage(event.id, true)
      : okMessage(event.id, false, "mute: nobody is listening to this ephemeral event");
  }

  #scheduleCommit(): void {
    this.#slices = 0;
    if (this.#isDue || !this.#hasEnough) return;
    this.#isDue = true;
    this.#parts.defer(() => void this.#commit());
  }

  /** Whether what is accepted makes a transaction now. */
  get #hasEnough(): boolean {
    const { size } = this.#committing;
    return size < 2 && this.#accepted.length >= (size === 0 ? 1 : MIN_AHEAD);
  }

  async #commit(): Promise<void> {
    this.#isDue = false;
    const batch = this.#accepted.splice(0, MAX_BATCH);
    const events = batch.map(({ event }) => event);
    this.#commits += 1;
    const number = this.#commits;
    this.#committing.set(number, new Set(events.map((event) => event.id)));
    const outcomes = await this.#insert(events);
    this.#committing.delete(number);
    this.#delivered = number;
    for (const [i, { event, settle }] of batch.entries()) {
      const outcome = outcomes?.[i];
      settle(outcome);
      if (outcome === "stored") this.#deliver(event);
    }
    this.#scheduleCommit();
    for (const committed of this.#whenCommitted.splice(0)) committed();
  }

  async #insert(events: readonly VerifiedEvent[]): Promise<readonly InsertOutcome[] | undefined> {
    try {
      return await this.#parts.store.insert(events);
    } catch (error) {
      this.#parts.log("error", "store rejected a batch", {
        events: events.length,
        error: String(error),
      });
      return undefined;
    }
  }

  #deliver(event: VerifiedEvent): void {
    try {
      this.#parts.stored?.(event);
      this.#parts.subscriptions.deliver(event);
    } catch (error) {
      // The event is stored and acknowledged; the batch goes on.
      this.#parts.log("error", "live delivery failed", { error: String(error) });
    }
  }
}

function proceed<T extends object>(
  value: T | Promise<T>,
  take: (value: T) => void | Promise<void>,
): void | Promise<void> {
  return "then" in value ? value.then(take) : take(value);
}

function rejectionMessage(id: EventId, verdict: Rejection | ShadowRejection): string {
  return "shadow" in verdict
    ? okMessage(id, true, verdict.message)
    : okMessage(id, false, reasonOf(verdict));
}

function outcomeMessage(id: EventId, outcome: InsertOutcome | undefined): string {
  switch (outcome) {
    case "stored":
      return okMessage(id, true);
    case "duplicate":
      return okMessage(id, true, "duplicate: already have this event");
    case "superseded":
      return okMessage(id, false, "duplicate: a newer version is stored");
    case "deleted":
      return okMessage(id, false, "blocked: this event has been deleted");
    case "unfinished":
      return okMessage(id, false, "error: not everything could be removed yet; it will be");
    default:
      return okMessage(id, false, "error: the event could not be stored");
  }
}

function refusalOf(event: NostrEvent, load: Load): Reason | undefined {
  if (event.kind === KIND_AUTH) return "invalid: kind 22242 is for AUTH, it is not published";
  if (exceeds(load, MAX_PER_PEER)) return "rate-limited: too many events at once";
  return load.share.hasRoom ? undefined : TOO_BUSY;
}

function exceeds(load: Load, bound: Bound): boolean {
  return load.events >= bound.events || load.characters >= bound.characters;
}

/** By one event, or (-1) by one less. */
function grow(load: Load, by: 1 | -1, characters: number): void {
  load.events += by;
  load.characters += by * characters;
  load.share.waiting += by * (1 + Math.floor(characters / LONG));
}
