/**
 * Turns at the store: in one turn of the event loop each address gets so much of its answers, and
 * all together some times as much, however many connections and queries there are. Addresses take
 * turns, and the clients of one address do. Whoever asks for little finds a turn free.
 */

import type { Reason } from "../nostr/message.ts";
import type { Backlog, Share } from "./backlog.ts";

/** Empty pages in a row after which an answer costs more than it may: millions of events looked at. */
export const MAX_FRUITLESS = 10_000;

/** What is told then to who asked. */
export const TOO_COSTLY: Reason =
  "error: this query looks at too many events, it needs closer filters";

/** Events that one address may get in one turn of the event loop: some milliseconds. */
const EVENTS = 2_048;
/** The same of all addresses: events that were sent wait no longer than this for their check. */
const EVENTS_IN_ALL = 4 * EVENTS;
/** What a page may hold, and what an empty one stands for: the search for it looked at as many. */
const PAGE = 512;
/** What asking costs besides the events. */
const OVERHEAD = 16;
/** What a page costs in a turn after its own, while a thread works on it: so many can be with them. */
const UNDER_WAY = 64;

export class Pace {
  readonly #defer: (run: () => void) => void;
  readonly #backlog: Backlog;
  /** Pages that the store is asked for, by address. */
  readonly #underWay = new Map<string, number>();
  /** What each address has used of this turn, and all. */
  readonly #used = new Map<string, number>();
  #usedInAll = 0;
  #turns = 0;
  /** Who waits for a turn, by address; the first is next. */
  readonly #waiting = new Map<string, Set<Lane>>();
  #isTurning = false;

  /** `backlog` counts the requests that wait. */
  constructor(defer: (run: () => void) => void, backlog: Backlog) {
    this.#defer = defer;
    this.#backlog = backlog;
  }

  /** For one more client of that address. */
  laneFor(address: string): Lane {
    return new Lane(this.#backlog.shareOf(address), this);
  }

  /** Whether anybody waits for a turn. */
  get isCrowded(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether what a page may cost was taken of this turn. */
  spend(address: string): boolean {
    const used = this.#used.get(address) ?? 0;
    if (used + PAGE > EVENTS || this.#isSpent) return false;
    this.#use(address, PAGE);
    this.#underWay.set(address, (this.#underWay.get(address) ?? 0) + 1);
    this.#turnLater();
    return true;
  }

  /** The number of this turn. */
  get turn(): number {
    return this.#turns;
  }

  /** Follows every page that was asked for in that turn: what it has not used of it is free. */
  giveBack(address: string, unused: number, turn: number): void {
    this.#use(address, turn === this.#turns ? -unused : -UNDER_WAY);
    const underWay = (this.#underWay.get(address) ?? 0) - 1;
    if (underWay > 0) this.#underWay.set(address, underWay);
    else this.#underWay.delete(address);
    this.#turnLater();
    this.#serve();
  }

  enqueue(lane: Lane): void {
    const lanes = this.#waiting.get(lane.address);
    if (lanes) lanes.add(lane);
    else this.#waiting.set(lane.address, new Set([lane]));
  }

  #use(address: string, events: number): void {
    this.#used.set(address, (this.#used.get(address) ?? 0) + events);
    this.#usedInAll += events;
  }

  get #isSpent(): boolean {
    return this.#usedInAll + PAGE > EVENTS_IN_ALL;
  }

  /** Whoever is served goes to the end of the line, and comes again if there is still room. */
  #serve(): void {
    for (const [address, lanes] of this.#waiting) {
      if (this.#isSpent) return;
      const [lane] = lanes;
      if (lane === undefined || !this.spend(address)) continue;
      lanes.delete(lane);
      this.#waiting.delete(address);
      if (lane.serve()) lanes.add(lane);
      if (lanes.size > 0) this.#waiting.set(address, lanes);
    }
  }

  #turnLater(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.#defer(() => this.#turn());
  }

  #turn(): void {
    this.#isTurning = false;
    this.#turns += 1;
    this.#used.clear();
    this.#usedInAll = 0;
    for (const [address, pages] of this.#underWay) this.#use(address, pages * UNDER_WAY);
    // Whoever cannot be served even now waits for pages under way, and each calls for another turn.
    this.#serve();
  }
}

/** One client's way to the store. */
export class Lane {
  readonly #pace: Pace;
  readonly #share: Share;
  /** Scans that wait for a turn; exists while there are any. */
  #scans: (() => void)[] | undefined;
  /** Requests that wait for these to end. */
  #behind = 0;

  constructor(share: Share, pace: Pace) {
    this.#share = share;
    this.#pace = pace;
  }

  get address(): string {
    return this.#share.address;
  }

  /** Whether somebody waits for a turn at the store, this client or another. */
  get isCrowded(): boolean {
    return this.#pace.isCrowded;
  }

  /** Whether the relay can take on one more request. */
  get hasRoom(): boolean {
    return this.#share.hasRoom;
  }

  /** So many more requests wait for others of this client to end; negative when they do not any more. */
  lineUp(requests: number): void {
    this.#behind += requests;
    this.#count();
  }

  /** The pages and what the source returns, each in its turn. Who stops early ends the source, too. */
  async *paced<Page extends { readonly length: number }, Rest>(
    source: AsyncIterable<Page, Rest>,
  ): AsyncGenerator<Page, Rest, undefined> {
    const pages = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        await this.#take();
        const { done, value } = await this.#next(pages);
        if (done) return value;
        yield value;
      }
    } finally {
      await pages.return?.();
    }
  }

  /** Lets one scan go on. Returns whether another waits. */
  serve(): boolean {
    this.#scans?.shift()?.();
    if (this.#scans?.length === 0) this.#scans = undefined;
    this.#count();
    return this.#scans !== undefined;
  }

  async #next<Page extends { readonly length: number }, Rest>(
    pages: AsyncIterator<Page, Rest>,
  ): Promise<IteratorResult<Page, Rest>> {
    const { turn } = this.#pace;
    let unused = 0;
    try {
      const next = await pages.next();
      unused = next.done ? PAGE - OVERHEAD : unusedOf(next.value);
      return next;
    } finally {
      this.#pace.giveBack(this.address, unused, turn);
    }
  }

  /** Takes what a page may cost, as soon as this turn or a later one has room for it. */
  #take(): Promise<void> | undefined {
    if (this.#pace.spend(this.address)) return undefined;
    return new Promise((resolve) => {
      this.#scans ??= [];
      this.#scans.push(resolve);
      this.#pace.enqueue(this);
      this.#count();
    });
  }

  /** Where no scan waits for the relay, what is behind waits for the client, which has to read. */
  #count(): void {
    this.#share.waiting = this.#scans ? this.#scans.length + this.#behind : 0;
  }
}

function unusedOf(page: { readonly length: number }): number {
  return page.length === 0 ? 0 : Math.max(0, PAGE - OVERHEAD - page.length);
}
