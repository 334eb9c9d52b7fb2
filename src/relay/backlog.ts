/**
 * What the relay has taken on and not done yet: so much and no more, whoever asks. Beyond it everybody
 * keeps an equal part, each address of all and each client of its address's, so that one who floods
 * is refused and the others are not.
 */

import type { Reason } from "../nostr/message.ts";

/** What may wait, of all clients together; who wants more is answered `rate-limited:`. */
export interface BacklogLimits {
  /** Events to be checked and stored; each 4,096 characters of a long one count as one more. */
  readonly maxEvents: number;
  /** REQs, COUNTs and NEG-OPENs to be answered from the store. */
  readonly maxRequests: number;
}

/** What those are told who want more than there is room for. */
export const TOO_BUSY: Reason = "rate-limited: the relay has too much to do; try again in a moment";

/** What is there of one address. */
interface Load {
  waiting: number;
  /** Of whom something waits. */
  clients: number;
}

/** The relay's; `shareOf` parts it. */
export class Backlog {
  readonly #max: number;
  /** Addresses of which something waits. */
  readonly #addresses = new Map<string, Load>();
  #waiting = 0;

  /** `max`: from here on parts are equal. The sum may then still grow, by the parts of newcomers. */
  constructor(max: number) {
    this.#max = max;
  }

  /** For one more client of that address. */
  shareOf(address: string): Share {
    return new Share(address, this);
  }

  hasRoomFor(share: Share): boolean {
    if (this.#waiting < this.#max) return true;
    const { waiting, clients } = this.#addresses.get(share.address) ?? { waiting: 0, clients: 0 };
    const part = this.#max / (this.#addresses.size + Number(clients === 0));
    if (waiting < Math.floor(part)) return true;
    return share.waiting < Math.floor(part / (clients + Number(share.waiting === 0)));
  }

  /** Counts what has changed about a share. */
  count(address: string, waiting: number, clients: number): void {
    this.#waiting += waiting;
    const load = this.#addresses.get(address) ?? { waiting: 0, clients: 0 };
    load.waiting += waiting;
    load.clients += clients;
    if (load.clients > 0) this.#addresses.set(address, load);
    else this.#addresses.delete(address);
  }
}

/** One client's. */
export class Share {
  readonly address: string;
  readonly #backlog: Backlog;
  #waiting = 0;

  constructor(address: string, backlog: Backlog) {
    this.address = address;
    this.#backlog = backlog;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** How much of this client waits now. */
  set waiting(waiting: number) {
    const before = this.#waiting;
    if (waiting === before) return;
    this.#waiting = waiting;
    this.#backlog.count(this.address, waiting - before, Number(waiting > 0) - Number(before > 0));
  }

  /** Whether one more may be taken on. */
  get hasRoom(): boolean {
    return this.#backlog.hasRoomFor(this);
  }
}
