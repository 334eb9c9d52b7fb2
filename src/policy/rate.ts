/**
 * How much one address and one key may send in a minute: token buckets, all of them bounded. Asked
 * before a message costs anything but its parsing.
 */

import type { Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import { accept, type Policy, reject, type Verb } from "../policy.ts";

/** In a minute, which is also what may come at once; 0 for any number. */
export interface Rate {
  readonly events: number;
  readonly requests: number;
  /** Of the messages' text. */
  readonly characters: number;
}

export interface Rates {
  readonly perAddress: Rate;
  readonly perNpub: Rate;
}

export interface RateParts {
  readonly clock: Clock;
  /** What an address is counted as: the network of one household or server. */
  networkOf(address: string): string;
}

type Resource = keyof Rate;
type Spending = Readonly<Record<Resource, number>>;

const MINUTE = 60;
/** Buckets of one sort. When they are all in use, newcomers share one. */
const MAX_BUCKETS = 100_000;

/** Rejects with `rate-limited:`; what is rejected costs nothing. */
export function ratePolicy(rates: Rates, { clock, networkOf }: RateParts): Policy {
  if (!hasLimits(rates.perAddress) && !hasLimits(rates.perNpub)) return {};
  const addresses = new Buckets(rates.perAddress, clock);
  const npubs = new Buckets(rates.perNpub, clock);
  return {
    receive(verb, characters, peer) {
      const spending = spendingOf(verb, characters);
      const buckets: readonly (readonly [string, Bucket | undefined])[] = [
        ["one address", addresses.get(networkOf(peer.address))],
        ...keysOf(peer).map((key) => ["one npub", npubs.get(key)] as const),
      ];
      for (const [whose, bucket] of buckets) {
        const missing = bucket?.missing(spending);
        if (missing === undefined) continue;
        return reject("rate-limited", `${missing} from ${whose} are too many; wait a little`);
      }
      for (const [, bucket] of buckets) bucket?.spend(spending);
      return accept;
    },
  };
}

function hasLimits(rate: Rate): boolean {
  return Object.values(rate).some((limit) => limit > 0);
}

function spendingOf(verb: Verb, characters: number): Spending {
  return { events: Number(verb === "EVENT"), requests: Number(verb === "REQ"), characters };
}

function keysOf({ pubkeys }: Peer): readonly string[] {
  return [...pubkeys];
}

class Buckets {
  readonly #rate: Rate;
  readonly #limited: readonly Resource[];
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #shared: Bucket;
  #swept = 0;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#limited = (["events", "requests", "characters"] as const).filter(
      (name) => rate[name] > 0,
    );
    this.#clock = clock;
    this.#shared = new Bucket(rate, this.#limited, clock.now());
  }

  /** Refilled to now; `undefined` where nothing is limited. */
  get(key: string): Bucket | undefined {
    if (this.#limited.length === 0) return undefined;
    const now = this.#clock.now();
    this.#sweep(now);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined && this.#buckets.size >= MAX_BUCKETS) bucket = this.#shared;
    if (bucket === undefined) {
      bucket = new Bucket(this.#rate, this.#limited, now);
      this.#buckets.set(key, bucket);
    }
    bucket.refill(now);
    return bucket;
  }

  /** Once a minute, forgets those that are full again: a new one is no different. */
  #sweep(now: number): void {
    if (now - this.#swept < MINUTE) return;
    this.#swept = now;
    for (const [key, bucket] of this.#buckets) {
      bucket.refill(now);
      if (bucket.isFull) this.#buckets.delete(key);
    }
  }
}

class Bucket {
  readonly #rate: Rate;
  readonly #limited: readonly Resource[];
  readonly #left: Record<Resource, number>;
  #refilled: number;

  constructor(rate: Rate, limited: readonly Resource[], now: number) {
    this.#rate = rate;
    this.#limited = limited;
    this.#left = { ...rate };
    this.#refilled = now;
  }

  get isFull(): boolean {
    return this.#limited.every((name) => this.#left[name] >= this.#rate[name]);
  }

  refill(now: number): void {
    const share = Math.max(0, now - this.#refilled) / MINUTE;
    for (const name of this.#limited) {
      const rate = this.#rate[name];
      this.#left[name] = Math.min(rate, this.#left[name] + share * rate);
    }
    this.#refilled = now;
  }

  /** What is used up, if anything of this. A message may cost more than is left: that is a debt. */
  missing(spending: Spending): Resource | undefined {
    return this.#limited.find((name) => spending[name] > 0 && this.#left[name] <= 0);
  }

  spend(spending: Spending): void {
    for (const name of this.#limited) this.#left[name] -= spending[name];
  }
}
