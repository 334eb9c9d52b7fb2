/** A relay of the tests' own: memory store, fixed clock, clients over channel pairs. */

import type { Clock } from "../../src/clock.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import type { Log } from "../../src/log.ts";
import type { View } from "../../src/nostr/visibility.ts";
import { limitsPolicy } from "../../src/policy/limits.ts";
import { Relay, type RelayParts } from "../../src/relay/relay.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { channelPair, type PairedChannel, type PairOptions } from "../channel/pair.ts";
import {
  CONFORMANCE_LIMITS,
  crypto,
  NOW,
  Session,
  type TestClient,
} from "./conformance/session.ts";

export const fixedClock: Clock = { now: () => NOW, after: () => () => {} };

export const OWN_URL = "ws://relay.example:7777";

/** What somebody sees who has proved no key. */
export const stranger: View = { now: NOW, readers: new Set() };

export interface TestRelay {
  readonly relay: Relay;
  /** Every log line so far: level, event, fields. */
  readonly logged: Parameters<Log>[];
  connect(options?: PairOptions): PairClient;
}

export function createTestRelay(parts: Partial<RelayParts> = {}): TestRelay {
  const limits = parts.limits ?? CONFORMANCE_LIMITS;
  const logged: Parameters<Log>[] = [];
  const relay = new Relay({
    store: new MemoryStore(),
    crypto,
    policy: limitsPolicy(limits, fixedClock),
    limits,
    backlog: { maxEvents: 8_192, maxRequests: 2_048 },
    networkOf: (address) => address,
    auth: "optional",
    search: true,
    clock: fixedClock,
    isOwnUrl: (url) => url === OWN_URL,
    log: (...line) => void logged.push(line),
    defer: setImmediate,
    ...parts,
  });
  return {
    relay,
    logged,
    connect(options) {
      const { relay: end, client } = channelPair(options);
      const paired = new PairClient(client, end);
      relay.accept(end);
      return paired;
    },
  };
}

export class PairClient implements TestClient {
  /** The client's own end, and the relay's. */
  readonly near: PairedChannel;
  readonly far: PairedChannel;
  readonly session: Session;
  /** What the relay has sent and nobody has read. */
  readonly unread: unknown[] = [];
  #reading: { resolve(message: unknown): void; reject(error: Error): void } | undefined;

  constructor(near: PairedChannel, far: PairedChannel) {
    this.near = near;
    this.far = far;
    this.session = new Session(this);
    near.start({
      message: (text) => {
        this.unread.push(JSON.parse(text));
        this.#settle();
      },
      end: () => this.#settle(),
    });
  }

  send(text: string): void {
    this.near.send(text);
  }

  next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject };
      this.#settle();
    });
  }

  close(): void {
    this.near.close(1000, "");
  }

  #settle(): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    if (this.unread.length > 0) {
      this.#reading = undefined;
      reading.resolve(this.unread.shift());
    } else if (this.near.ended) {
      this.#reading = undefined;
      reading.reject(new Error(`closed: ${this.near.ended.code} ${this.near.ended.reason}`));
    }
  }
}

/** Lets everything that is due happen: as many turns of the event loop as anything here takes. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}

/** Something that a test lets happen. */
export class Gate {
  #open: () => void = () => {};
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }
}

/** A provider for tests that need thousands of events: every signature is zero, and right. */
export const unsigned: CryptoProvider = {
  ...crypto,
  name: "unsigned",
  signSchnorr: () => new Uint8Array(64),
  verifySchnorr: () => true,
};
