/**
 * One client: takes its messages in order, decides who answers them, and sees to it that each gets
 * the answer that NIP-01 and NIP-42 ask for. Nothing that a stranger sends makes it throw.
 */

import type { Channel, LinkHandlers, Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import { CLOSE } from "../nostr/close.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { PublicKey } from "../nostr/key.ts";
import { KIND_AUTH } from "../nostr/kind.ts";
import {
  authChallenge,
  type ClientMessage,
  notice,
  okMessage,
  parseClientMessage,
  type Reason,
} from "../nostr/message.ts";
import { type Rejection, reasonOf, reject, type Verdict } from "../nostr/verdict.ts";
import type { Verb } from "../policy.ts";
import { type Handler, Inbox } from "./inbox.ts";
import type { Ingest, Verify } from "./ingest.ts";
import { Negentropy, type NegentropyParts } from "./negentropy.ts";
import { Outbox } from "./outbox.ts";
import { Queries, type QueriesParts } from "./queries.ts";
import { Reader, type ReaderParts } from "./reader.ts";

export interface ConnectionParts extends ReaderParts, QueriesParts, NegentropyParts {
  readonly ingest: Ingest;
  readonly verify: Verify;
  readonly auth: "required" | "optional";
  readonly clock: Clock;
}

/** AUTH messages that may fail before the channel closes (SPEC, "More keys"). */
export const MAX_AUTH_FAILURES = 3;

/** OKs that may be due before the client is no longer read from. */
const MAX_UNANSWERED = 256;

const NOTHING_DUE = Promise.resolve();

const AUTH_REQUIRED: Reason = "auth-required: this relay serves authenticated clients only";
const NOT_ADMITTED: Reason = "restricted: this key may not use this relay";

export class Connection implements LinkHandlers, Handler {
  readonly #parts: ConnectionParts;
  readonly #channel: Channel;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #reader: Reader;
  readonly #queries: Queries;
  /** Made for the first message that needs it, for few clients reconcile. */
  #negentropyIfAny: Negentropy | undefined;
  readonly #ended: () => void;
  /** Settles when every OK so far has been sent; OKs leave in the order of their EVENTs. */
  #answered: Promise<void> = NOTHING_DUE;
  #unanswered = 0;
  #authFailures = 0;

  /** `ended` is called when the channel has ended and the store is left alone. */
  constructor(parts: ConnectionParts, channel: Channel, ended: () => void) {
    this.#parts = parts;
    this.#channel = channel;
    this.#ended = ended;
    this.#inbox = new Inbox(channel, this);
    this.#outbox = new Outbox(channel, parts.limits, parts.clock, parts.log);
    this.#reader = new Reader(parts, channel.peer);
    this.#queries = new Queries(parts, this.#reader, this.#outbox);
    if (channel.challenge !== undefined) this.#outbox.send(authChallenge(channel.challenge));
  }

  /** Takes delivery from the channel. */
  start(): void {
    this.#channel.start(this);
  }

  /** Asks again whether this key may be here, and whether what is open may stay open. */
  async review(key: PublicKey): Promise<void> {
    const { peer } = this.#channel;
    if (!peer.pubkeys.has(key)) return;
    try {
      // A REQ that was accepted a moment ago is open after this turn.
      await new Promise<void>(this.#parts.defer);
      const verdict = await this.#parts.policy.admit?.(key, peer);
      if (verdict?.accepted === false) await this.#refuse(CLOSE.restricted, NOT_ADMITTED);
      else await Promise.all([this.#queries.review(), this.#negentropyIfAny?.review()]);
    } catch (error) {
      this.#parts.log("error", "review failed", { error: String(error) });
      await this.#refuse(CLOSE.internal, "error: the relay has failed");
    }
  }

  /** Takes no further message. */
  shut(): void {
    this.#inbox.shut();
  }

  /** Closes the channel behind the last OK; resolves when the store is left alone. */
  async close(): Promise<void> {
    this.shut();
    await this.#answered;
    this.#channel.close(CLOSE.goingAway, "the relay is shutting down");
    this.#outbox.end();
    await this.#leaveStore();
  }

  async #leaveStore(): Promise<void> {
    await Promise.all([this.#queries.end(), this.#negentropyIfAny?.end()]);
  }

  get #negentropy(): Negentropy {
    this.#negentropyIfAny ??= new Negentropy(this.#parts, this.#reader, this.#outbox);
    return this.#negentropyIfAny;
  }

  /** Closes the channel at once: what its peer may do has changed. */
  expel(reason: Reason): void {
    this.shut();
    this.#channel.close(CLOSE.restricted, reason);
    this.#outbox.end();
  }

  get peer(): Peer {
    return this.#channel.peer;
  }

  message(text: string): void {
    this.#inbox.receive(text);
  }

  drain(): void {
    this.#outbox.drained();
    this.#inbox.release("outbox");
  }

  end(): void {
    this.#inbox.shut();
    this.#outbox.end();
    void this.#leaveStore().then(this.#ended);
  }

  handle(text: string): void | Promise<void> {
    try {
      const pending = this.#dispatch(parseClientMessage(text), text.length);
      if (this.#outbox.isFull) this.#inbox.hold("outbox");
      return pending?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #dispatch(message: ClientMessage, characters: number): void | Promise<void> {
    const { peer } = this.#channel;
    const verdict = this.#parts.policy.receive?.(verbOf(message), characters, peer);
    if (verdict?.accepted === false) return this.#turnDown(message, reasonOf(verdict));
    switch (message.type) {
      case "EVENT":
        return this.#answer(this.#publish(message.event, characters));
      case "AUTH":
        return this.#authenticate(message.event);
      case "REQ":
      case "COUNT":
        if (this.#isStranger()) return this.#queries.refuse(message.id, AUTH_REQUIRED);
        return this.#queries.open(message);
      case "CLOSE":
        return this.#queries.close(message.id);
      case "NEG-OPEN":
        if (this.#isStranger()) return this.#negentropy.refuse(message.id, AUTH_REQUIRED);
        return this.#negentropy.open(message);
      case "NEG-MSG":
        return this.#negentropy.answer(message.id, message.message);
      case "NEG-CLOSE":
        return this.#negentropy.close(message.id);
      case "refused":
        return this.#refuseBroken(message.verb, message.id, message.reason);
      case "malformed":
        return this.#outbox.send(message.reply);
    }
  }

  /** Answers a message without looking into it. */
  #turnDown(message: ClientMessage, reason: Reason): void | Promise<void> {
    switch (message.type) {
      case "EVENT":
      case "AUTH":
        return this.#answer(okMessage(message.event.id, false, reason));
      case "REQ":
      case "COUNT":
        return this.#queries.refuse(message.id, reason);
      case "CLOSE":
        return this.#queries.close(message.id); // makes room, so it is always welcome
      case "NEG-OPEN":
      case "NEG-MSG":
        return this.#negentropy.refuse(message.id, reason);
      case "NEG-CLOSE":
        return this.#negentropy.close(message.id);
      case "refused":
        return this.#refuseBroken(message.verb, message.id, reason);
      case "malformed":
        return this.#refuse(CLOSE.rateLimited, reason);
    }
  }

  #refuseBroken(verb: "EVENT" | "REQ" | "NEG-OPEN", id: string, reason: Reason): void {
    switch (verb) {
      case "EVENT":
        this.#answer(okMessage(id, false, reason));
        break;
      case "REQ":
        this.#queries.refuse(id, reason);
        break;
      case "NEG-OPEN":
        this.#negentropy.refuse(id, reason);
        break;
    }
  }

  #isStranger(): boolean {
    return this.#parts.auth === "required" && this.#channel.peer.pubkeys.size === 0;
  }

  #publish(event: NostrEvent, characters: number): string | Promise<string> {
    if (this.#isStranger()) return okMessage(event.id, false, AUTH_REQUIRED);
    return this.#parts.ingest.submit(event, this.#channel.peer, characters);
  }

  /** Queues an OK behind those that are still to come. */
  #answer(ok: string | Promise<string>): void {
    this.#unanswered += 1;
    if (this.#isBusy()) this.#inbox.hold("events");
    this.#answered = this.#sendBehind(this.#answered, ok);
  }

  async #sendBehind(others: Promise<void>, ok: string | Promise<string>): Promise<void> {
    try {
      await others;
      this.#outbox.send(await ok);
      this.#unanswered -= 1;
      if (!this.#isBusy()) this.#inbox.release("events");
    } catch (error) {
      this.#fail(error);
    }
  }

  #isBusy(): boolean {
    return this.#unanswered >= MAX_UNANSWERED || this.#parts.ingest.isBusy(this.#channel.peer);
  }

  /** Resolves behind the OK: nothing that follows an AUTH is handled before its answer. */
  async #authenticate(event: NostrEvent): Promise<void> {
    try {
      const verdict = await this.#judgeAuth(event);
      if (!verdict.accepted) return await this.#refuseAuth(event, verdict);
      // The key is on the channel now: if it is not admitted, the channel must go.
      const admitted = await this.#parts.policy.admit?.(event.pubkey, this.#channel.peer);
      if (admitted?.accepted === false) {
        this.#answer(okMessage(event.id, false, reasonOf(admitted)));
        if (admitted.prefix !== "rate-limited") await this.#refuse(CLOSE.restricted, NOT_ADMITTED);
        else await this.#refuse(CLOSE.rateLimited, reasonOf(admitted));
      } else {
        this.#answer(okMessage(event.id, true));
        await this.#answered;
      }
    } catch (error) {
      this.#parts.log("error", "authentication failed", { error: String(error) });
      this.#answer(okMessage(event.id, false, "error: the relay could not authenticate this key"));
      await this.#refuse(CLOSE.internal, "error: the relay has failed");
    }
  }

  async #refuseAuth(event: NostrEvent, rejection: Rejection): Promise<void> {
    this.#answer(okMessage(event.id, false, reasonOf(rejection)));
    this.#authFailures += 1;
    await this.#answered;
    if (this.#authFailures < MAX_AUTH_FAILURES) return;
    await this.#refuse(CLOSE.authRequired, "auth-required: too many attempts have failed");
  }

  async #judgeAuth(event: NostrEvent): Promise<Verdict> {
    if (event.kind !== KIND_AUTH) return reject("invalid", "AUTH takes an event of kind 22242");
    // One AUTH a turn: whoever repeats it a thousand times must not keep the others waiting.
    await new Promise<void>(this.#parts.defer);
    const verified = await this.#parts.verify(event);
    if (!verified.ok) return reject("invalid", verified.reason);
    return this.#channel.authenticate(verified.value);
  }

  /** Closes the channel behind the last OK. */
  async #refuse(code: number, reason: string): Promise<void> {
    this.shut();
    await this.#answered;
    this.#channel.close(code, reason);
  }

  #fail(error: unknown): void {
    this.#parts.log("error", "message could not be processed", { error: String(error) });
    this.#outbox.send(notice("error: the relay could not process this message"));
  }
}

function verbOf(message: ClientMessage): Verb {
  const verb = message.type === "refused" ? message.verb : message.type;
  if (verb === "NEG-OPEN" || verb === "COUNT") return "REQ"; // they scan the store as a REQ does
  return verb === "EVENT" || verb === "REQ" ? verb : "other";
}
