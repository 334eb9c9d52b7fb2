/** What the conformance suite speaks through: a client of any kind, and a few sentences of NIP-01. */

import assert from "node:assert/strict";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import type { CryptoProvider } from "../../../src/crypto.ts";
import {
  type EventTemplate,
  type NostrEvent,
  signEvent,
  type VerifiedEvent,
} from "../../../src/nostr/event.ts";
import {
  type PublicKey,
  publicKeyOf,
  type SecretKey,
  secretKeyFromBytes,
} from "../../../src/nostr/key.ts";
import type { Limits } from "../../../src/policy.ts";

/** One connection to the relay under test. */
export interface TestClient {
  send(text: string): void;
  /** The next message of the relay, parsed; rejects when the connection has ended. */
  next(): Promise<unknown>;
  close(): void | Promise<void>;
}

/** Connects as an author whose key the relay then knows, or as a stranger. */
export type Connect = (author?: Author) => Promise<TestClient>;

export type Message = readonly unknown[];

/** The time at the relay under test. */
export const NOW = 1_700_000_000;

/** What the relay under test must be set to; `auth` is optional for it, and it starts empty. */
export const CONFORMANCE_LIMITS: Limits = {
  maxMessageLength: 131_072,
  maxSubscriptions: 8,
  maxFilters: 5,
  maxFilterValues: 5_000,
  maxLimit: 20,
  defaultLimit: 10,
  maxEventTags: 100,
  maxContentLength: 10_000,
  createdAtLowerLimit: 0,
  createdAtUpperLimit: 900,
  minPowDifficulty: 0,
  maxNegentropyEvents: 20_000,
  maxBufferedBytes: 4_194_304,
  maxStallSeconds: 60,
};

export const crypto: CryptoProvider = createNodeCrypto();

/** Somebody with a key of their own. Every author of a run is a new one, so tests do not meet. */
export class Author {
  static #count = 0;
  readonly pubkey: PublicKey;
  readonly secretKey: SecretKey;

  constructor() {
    Author.#count += 1;
    const seed = new TextEncoder().encode(`conformance author ${Author.#count}`);
    const secretKey = secretKeyFromBytes(crypto.sha256(seed), crypto);
    assert(secretKey.ok);
    this.secretKey = secretKey.value;
    this.pubkey = publicKeyOf(secretKey.value, crypto);
  }

  sign(template: Partial<EventTemplate> = {}, signer: CryptoProvider = crypto): VerifiedEvent {
    const whole = { created_at: NOW, kind: 1, tags: [], content: "", ...template };
    return signEvent(whole, this.secretKey, signer);
  }

  /** With {@link signEvent}, what NIP-07 asks of a signer. */
  async getPublicKey(): Promise<PublicKey> {
    return this.pubkey;
  }

  async signEvent(template: EventTemplate): Promise<VerifiedEvent> {
    return this.sign(template);
  }

  /** Signs the text as it is given: the id is its hash. */
  signText(serialized: string): Pick<NostrEvent, "id" | "sig"> {
    const hash = crypto.sha256(new TextEncoder().encode(serialized));
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    const id = hex(hash) as NostrEvent["id"];
    return { id, sig: hex(crypto.signSchnorr(hash, this.secretKey)) };
  }
}

/** The answer to an EVENT. */
export interface Ok {
  readonly accepted: boolean;
  readonly reason: string;
}

export class Session {
  static #serial = 0;
  readonly #client: TestClient;
  #kept: Message[] = [];

  constructor(client: TestClient) {
    this.#client = client;
  }

  send(...message: Message): void {
    this.#client.send(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#client.send(text);
  }

  async next(): Promise<Message> {
    return this.#kept.shift() ?? this.#read();
  }

  /** Sends an EVENT and waits for its OK. */
  async publish(event: object): Promise<Ok> {
    this.send("EVENT", event);
    return this.ok("id" in event ? event.id : undefined);
  }

  async publishAll(events: Iterable<object>): Promise<void> {
    for (const event of events) assert.deepEqual(await this.publish(event), STORED);
  }

  /** Waits for the OK of that event; what comes before it is kept. */
  async ok(id: unknown): Promise<Ok> {
    const message = await this.#find((candidate) => candidate[0] === "OK" && candidate[1] === id);
    assert.equal(message.length, 4);
    const [, , accepted, reason] = message;
    assert(typeof accepted === "boolean" && typeof reason === "string");
    if (!accepted) assert.match(reason, /^[a-z-]+: ./);
    return { accepted, reason };
  }

  /** Sends a REQ; the ids of what is stored, in order. The subscription stays open. */
  async request(
    subscriptionId: string,
    ...filters: readonly object[]
  ): Promise<readonly unknown[]> {
    const events = await this.requestEvents(subscriptionId, ...filters);
    return events.map((event) => event.id);
  }

  async requestEvents(
    subscriptionId: string,
    ...filters: readonly object[]
  ): Promise<readonly NostrEvent[]> {
    this.send("REQ", subscriptionId, ...filters);
    const events: NostrEvent[] = [];
    for (;;) {
      const message = await this.next();
      assert.equal(message[1], subscriptionId, `unexpected ${JSON.stringify(message)}`);
      if (message[0] === "EOSE") return events;
      assert.equal(message[0], "EVENT", `unexpected ${JSON.stringify(message)}`);
      events.push(message[2] as NostrEvent);
    }
  }

  /** Asks and closes. */
  async stored(...filters: readonly object[]): Promise<readonly unknown[]> {
    const id = Session.#newId();
    const ids = await this.request(id, ...filters);
    this.send("CLOSE", id);
    return ids;
  }

  /** Sends a REQ that must be refused; the reason. */
  async refused(subscriptionId: string, ...filters: readonly unknown[]): Promise<string> {
    this.send("REQ", subscriptionId, ...filters);
    const [verb, id, reason, ...rest] = await this.next();
    assert.deepEqual([verb, id, rest], ["CLOSED", subscriptionId, []]);
    return String(reason);
  }

  /** Reads until the query that finds this event has told so, with EOSE right behind it. */
  async found(subscriptionId: string, eventId: string): Promise<void> {
    await this.#find((message) => (message[2] as NostrEvent | undefined)?.id === eventId);
    assert.deepEqual(await this.#read(), ["EOSE", subscriptionId]);
  }

  /**
   * Everything that the relay has sent because of what happened until now, except queries whose
   * EOSE has not been waited for: those run at the same time as the one that this asks.
   */
  async settle(): Promise<readonly Message[]> {
    const id = Session.#newId();
    this.send("REQ", id, { limit: 0 });
    await this.#find((message) => message[0] === "EOSE" && message[1] === id);
    this.send("CLOSE", id);
    return this.#kept.splice(0);
  }

  /** The ids of the events among what `settle` gives, which must be all there is. */
  async live(): Promise<readonly unknown[]> {
    const messages = await this.settle();
    for (const message of messages) assert.equal(message[0], "EVENT", JSON.stringify(message));
    return messages.map((message) => (message[2] as NostrEvent).id);
  }

  async #find(wanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = await this.#read();
      if (wanted(message)) return message;
      this.#kept.push(message);
    }
  }

  /** A challenge, which plain channels open with, is no answer to anything. */
  async #read(): Promise<Message> {
    const message = await this.#client.next();
    assert(Array.isArray(message));
    return message[0] === "AUTH" ? this.#read() : message;
  }

  static #newId(): string {
    Session.#serial += 1;
    return `session ${Session.#serial}`;
  }
}

export const STORED: Ok = { accepted: true, reason: "" };

/** Opens a session for one test and closes it afterwards. */
export async function withSession(
  connect: Connect,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const client = await connect();
  await use(new Session(client));
  await client.close();
}

/** Opens a session as that author, in the middle of a test. */
export async function speakAs<T>(
  author: Author,
  connect: Connect,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const client = await connect(author);
  const result = await use(new Session(client));
  await client.close();
  return result;
}

/** Opens two sessions, for a publisher and a listener. */
export async function withSessions(
  connect: Connect,
  use: (one: Session, other: Session) => Promise<void>,
): Promise<void> {
  await withSession(connect, (one) => withSession(connect, (other) => use(one, other)));
}
