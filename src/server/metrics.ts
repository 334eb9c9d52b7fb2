/**
 * What went through the relay, in numbers, for whoever looks into its log at night: one line every
 * ten minutes, with what was counted since the last one. Channels are watched from outside, so
 * nothing of the relay knows that it is counted.
 */

import type { Channel, LinkEnd, LinkHandlers, Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { Log, LogFields } from "../log.ts";
import { CLOSE } from "../nostr/close.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { MessageRun } from "../nostr/message-run.ts";
import type { Verdict } from "../nostr/verdict.ts";

export interface MetricsParts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds from line to line. */
const PAUSE = 600_000;

const MAX_NAMES = 200;

/** Names of numbers; see README, "Metrics". */
export class Metrics {
  readonly #parts: MetricsParts;
  readonly #counts = new Map<string, number>();
  /** Open now. */
  #connections = 0;
  /** Of the commonest messages by far, beside the others. */
  #receivedEvents = 0;
  #sentEvents = 0;
  #sentConsents = 0;
  #sentCharacters = 0;
  #receivedCharacters = 0;
  #cancel: () => void = () => {};
  /** One for all channels. */
  readonly #watcher: Watcher = {
    received: (text) => this.#received(text),
    sent: (text) => this.#sent(text),
    sentRun: (run) => this.#sentRun(run),
    closed: (code) => this.#count(`closed.${CLOSE_NAMES.get(code) ?? code}`),
    ended: () => {
      this.#connections -= 1;
    },
  };

  constructor(parts: MetricsParts) {
    this.#parts = parts;
    this.#plan();
  }

  /** The same channel, counted from now on. */
  watch(channel: Channel): Channel {
    this.#connections += 1;
    this.#count(`opened.${channel.challenge === undefined ? "secure" : "plain"}`);
    return new WatchedChannel(channel, this.#watcher);
  }

  /** Writes the last line. */
  close(): void {
    this.#cancel();
    this.#report();
  }

  #plan(): void {
    this.#cancel = this.#parts.clock.after(PAUSE, () => {
      this.#report();
      this.#plan();
    });
  }

  /** Where nothing has happened, nothing is said. */
  #report(): void {
    this.#count("received.EVENT", this.#receivedEvents);
    this.#count("sent.EVENT", this.#sentEvents);
    this.#count("sent.OK", this.#sentConsents);
    this.#count("sentCharacters", this.#sentCharacters);
    this.#count("receivedCharacters", this.#receivedCharacters);
    const counted = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    const fields: LogFields = { connections: this.#connections, ...Object.fromEntries(counted) };
    if (counted.length > 0) this.#parts.log("info", "metrics", fields);
    this.#counts.clear();
    this.#receivedEvents = this.#sentEvents = this.#sentConsents = 0;
    this.#sentCharacters = this.#receivedCharacters = 0;
  }

  #received(text: string): void {
    this.#receivedCharacters += text.length;
    if (text.startsWith('["EVENT",')) this.#receivedEvents += 1;
    else this.#count(`received.${RECEIVED.exec(text)?.[1] ?? "other"}`);
  }

  #sent(text: string): void {
    this.#sentCharacters += text.length;
    if (text.startsWith('["EVENT"')) this.#sentEvents += 1;
    else if (text.startsWith('["OK"') && text.startsWith(",true,", CONSENT_AT))
      this.#sentConsents += 1;
    else this.#countSent(text);
  }

  /** Runs hold events and nothing else. */
  #sentRun({ size, length }: MessageRun): void {
    this.#sentCharacters += size;
    this.#sentEvents += length;
  }

  #countSent(text: string): void {
    const [, verb = "other"] = SENT.exec(text) ?? [];
    this.#count(`sent.${verb}`);
    const [, prefix] = REFUSAL.exec(text) ?? [];
    if (prefix !== undefined) this.#count(`refused.${prefix}`);
  }

  #count(name: string, amount = 1): void {
    if (amount <= 0) return;
    // A relay behind a sidecar may make up as many verbs as it likes.
    const isNew = !this.#counts.has(name);
    const counted = isNew && this.#counts.size >= MAX_NAMES ? "other" : name;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + amount);
  }
}

const RECEIVED = /^\s{0,8}\[\s{0,8}"(EVENT|REQ|COUNT|CLOSE|AUTH|NEG-OPEN|NEG-MSG|NEG-CLOSE)"/;
// The relay's own messages, so their form is known; ids are JSON strings.
const SENT = /^\["([A-Z-]+)"/;
const REFUSAL =
  /^\["(?:OK","[^"]*",false,|CLOSED","(?:[^"\\]|\\.)*",|NEG-ERR","(?:[^"\\]|\\.)*",)"([a-z-]+):/;

/** Where an OK says whether the event was taken: behind its id. */
const CONSENT_AT = `["OK","${"0".repeat(64)}"`.length;

const CLOSE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(CLOSE).map(([name, code]) => [code, name]),
);

interface Watcher {
  received(text: string): void;
  sent(text: string): void;
  sentRun(run: MessageRun): void;
  /** By the relay, once. */
  closed(code: number): void;
  ended(): void;
}

class WatchedChannel implements Channel, LinkHandlers {
  readonly #channel: Channel;
  readonly #watcher: Watcher;
  #handlers: LinkHandlers | undefined;
  #isOver = false;

  constructor(channel: Channel, watcher: Watcher) {
    this.#channel = channel;
    this.#watcher = watcher;
  }

  get peer(): Peer {
    return this.#channel.peer;
  }

  get challenge(): string | undefined {
    return this.#channel.challenge;
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#channel.start(this);
  }

  message(text: string): void {
    this.#watcher.received(text);
    this.#handlers?.message(text);
  }

  drain(): void {
    this.#handlers?.drain?.();
  }

  end(end: LinkEnd): void {
    this.#isOver = true;
    this.#watcher.ended();
    this.#handlers?.end(end);
  }

  send(text: string): void {
    this.#watcher.sent(text);
    this.#channel.send(text);
  }

  sendRun(run: MessageRun): void {
    this.#watcher.sentRun(run);
    this.#channel.sendRun(run);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  close(code: number, reason: string): void {
    if (!this.#isOver) this.#watcher.closed(code);
    this.#isOver = true;
    this.#channel.close(code, reason);
  }

  authenticate(event: VerifiedEvent): Promise<Verdict> {
    return this.#channel.authenticate(event);
  }
}
