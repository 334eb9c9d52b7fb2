/**
 * What a sidecar does with the messages of one client: it keeps authentication to itself, holds
 * rates and bans, and hands on the rest. The relay behind judges what it is about.
 */

import type { Taken } from "../../channel/pipe.ts";
import type { Channel } from "../../channel.ts";
import type { CryptoProvider } from "../../crypto.ts";
import { CLOSE } from "../../nostr/close.ts";
import { type NostrEvent, parseEvent, verifyEvent } from "../../nostr/event.ts";
import { isHex32, type PublicKey } from "../../nostr/key.ts";
import { KIND_AUTH } from "../../nostr/kind.ts";
import { closedMessage, negError, notice, okMessage, type Reason } from "../../nostr/message.ts";
import { isRecord } from "../../nostr/parsed.ts";
import { reasonOf, reject, type Verdict } from "../../nostr/verdict.ts";
import type { Policy, Verb } from "../../policy.ts";
import { MAX_AUTH_FAILURES } from "../../relay/connection.ts";

export interface FrontParts {
  readonly crypto: CryptoProvider;
  /** Asked `receive` and `admit`. */
  readonly policy: Policy;
  /** Whether nothing by this author is taken. */
  isBanned(pubkey: PublicKey): boolean;
  /** Runs in a later turn of the event loop. */
  defer(run: () => void): void;
}

/** The relay behind says something that no relay says. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code = "not-nostr";
}

/** Verbs as NIPs spell them. What differs might still be AUTH to a relay that takes it easy. */
const VERB = /^[A-Z][A-Z-]{0,31}$/;
/** The verb of a message in the usual spelling, which saves parsing the rest of it. */
const PLAIN_VERB = /^\s*\[\s*"([A-Z][A-Z-]{0,31})"\s*[,\]]/;

/** Longest subscription id that is repeated in a refusal. */
const MAX_ECHOED_ID = 256;

export class Front {
  readonly #parts: FrontParts;
  readonly #channel: Channel;
  #authFailures = 0;

  constructor(parts: FrontParts, channel: Channel) {
    this.#parts = parts;
    this.#channel = channel;
  }

  /** What the relay behind gets of a client's message. */
  fromClient(text: string): Taken | Promise<Taken> {
    const items = readItems(text);
    const [verb, subject] = items ?? [];
    const { policy } = this.#parts;
    const verdict = policy.receive?.(rateVerb(verb), text.length, this.#channel.peer);
    if (verdict?.accepted === false) return this.#turnDown(text, verb, subject, reasonOf(verdict));
    if (items === undefined) {
      return this.#answer(notice("invalid: expected a JSON array that starts with a verb"));
    }
    switch (verb) {
      case "AUTH":
        return this.#authenticate(subject);
      case "ANON":
        return this.#answer(notice("unsupported: ANON comes first or never"));
      case "EVENT":
        return this.#event(subject);
      default:
        return text;
    }
  }

  /** What the client gets of a message from behind. Throws an {@link UpstreamError}. */
  fromUpstream(text: string): Taken {
    const verb = PLAIN_VERB.exec(text)?.[1] ?? readItems(text)?.[0];
    if (verb === undefined) throw new UpstreamError("the relay behind does not speak Nostr");
    // Whoever answered this challenge would log in as the client at the relay that it came from.
    return verb === "AUTH" ? undefined : text;
  }

  #event(value: unknown): Taken {
    const event = parseEvent(value);
    if (!event.ok) return this.#refuseEvent(value, `invalid: ${event.reason}`);
    if (event.value.kind === KIND_AUTH) {
      return this.#refuseEvent(value, "invalid: kind 22242 is for AUTH, it is not published");
    }
    if (this.#parts.isBanned(event.value.pubkey)) {
      return this.#refuseEvent(value, "blocked: the author of this event may not publish here");
    }
    // Written anew: what is handed on is what was judged, also where a name stands twice in it.
    return JSON.stringify(["EVENT", event.value]);
  }

  /** Answers a message without looking further into it. */
  #turnDown(text: string, verb: unknown, subject: unknown, reason: Reason): Taken {
    switch (verb) {
      case "CLOSE":
      case "NEG-CLOSE":
        return text; // makes room, so it is always welcome
      case "EVENT":
      case "AUTH":
        return this.#refuseEvent(subject, reason);
      case "REQ":
      case "COUNT":
        return this.#answer(isId(subject) ? closedMessage(subject, reason) : notice(reason));
      case "NEG-OPEN":
      case "NEG-MSG":
        return this.#answer(isId(subject) ? negError(subject, reason) : notice(reason));
      default:
        this.#channel.close(CLOSE.rateLimited, reason);
        return undefined;
    }
  }

  /** A further key (SPEC, "More keys"). The next message waits for the answer. */
  async #authenticate(value: unknown): Promise<undefined> {
    const event = parseEvent(value);
    if (!event.ok) return this.#refuseAuth(value, `invalid: ${event.reason}`);
    const { id, pubkey } = event.value;
    const verdict = await this.#judgeAuth(event.value);
    if (!verdict.accepted) return this.#refuseAuth(value, reasonOf(verdict));
    const admitted = await this.#parts.policy.admit?.(pubkey, this.#channel.peer);
    if (admitted?.accepted !== false) return this.#answer(okMessage(id, true));
    // The key is on the channel now, so the channel must go.
    this.#refuseEvent(value, reasonOf(admitted));
    this.#channel.close(CLOSE.restricted, "restricted: this key may not use this relay");
  }

  async #judgeAuth(event: NostrEvent): Promise<Verdict> {
    if (event.kind !== KIND_AUTH) return reject("invalid", "AUTH takes an event of kind 22242");
    // One AUTH a turn: whoever repeats it a thousand times must not keep the others waiting.
    await new Promise<void>((resolve) => this.#parts.defer(resolve));
    const verified = verifyEvent(event, this.#parts.crypto);
    if (!verified.ok) return reject("invalid", verified.reason);
    return this.#channel.authenticate(verified.value);
  }

  #refuseAuth(event: unknown, reason: Reason): undefined {
    this.#refuseEvent(event, reason);
    this.#authFailures += 1;
    if (this.#authFailures < MAX_AUTH_FAILURES) return;
    this.#channel.close(CLOSE.authRequired, "auth-required: too many attempts have failed");
  }

  #refuseEvent(event: unknown, reason: Reason): undefined {
    const id = isRecord(event) ? event["id"] : undefined;
    return this.#answer(isHex32(id) ? okMessage(id, false, reason) : notice(reason));
  }

  #answer(text: string): undefined {
    this.#channel.send(text);
  }
}

/** A message whose verb is one; `undefined` for anything else. */
function readItems(text: string): readonly [string, ...unknown[]] | undefined {
  try {
    const items: unknown = JSON.parse(text);
    if (!Array.isArray(items) || typeof items[0] !== "string" || !VERB.test(items[0])) {
      return undefined;
    }
    const [verb, ...rest] = items as [string, ...unknown[]];
    return [verb, ...rest];
  } catch {
    return undefined;
  }
}

function rateVerb(verb: string | undefined): Verb {
  if (verb === "EVENT") return "EVENT";
  const asks = verb === "REQ" || verb === "COUNT" || verb === "NEG-OPEN";
  return asks ? "REQ" : "other";
}

function isId(subject: unknown): subject is string {
  return typeof subject === "string" && subject.length <= MAX_ECHOED_ID;
}
