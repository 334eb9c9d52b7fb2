/** One connection of `publish` or `req` to a relay: it opens, it may be lost, it is closed in order. */

import type { RelayAddress } from "../nostr/address.ts";
import { encodeNpub, type SecretKey } from "../nostr/key.ts";
import { KnownRelaysError, placeOfRelay } from "../server/dial/known-relays.ts";
import { printable } from "../server/log.ts";
import { CLOSE } from "../transport/constants.ts";
import { EXIT, Failure } from "./failure.ts";
import { type CliParts, type Socket, stopped } from "./parts.ts";
import { parseRelayMessage, type RelayMessage } from "./relay-message.ts";

export interface Conversation {
  /** Sends a NIP-01 message. */
  send(message: readonly unknown[]): void;
  /** From now on the relay must not be silent for longer than the time-out. */
  expectAnswer(): void;
  /** The relay owes nothing; it may be silent. */
  rest(): void;
}

export interface ConversationOptions {
  /** The first one that answers is taken. */
  readonly addresses: readonly RelayAddress[];
  readonly key: SecretKey;
  /** SOCKS proxy, if one is to be used. */
  readonly proxy: string | undefined;
  /** Seconds. */
  readonly timeout: number;
  /** Takes every message but notices, which go to standard error. */
  readonly onMessage: (message: RelayMessage, conversation: Conversation) => void;
}

/**
 * Connects, lets `talk` run, and closes in order, whatever happened. Returns early when the user
 * stops the command. Throws a {@link Failure} when no relay can be reached or it is lost meanwhile,
 * and a {@link KnownRelaysError} when one is known by another key.
 */
export async function converse(
  options: ConversationOptions,
  parts: CliParts,
  talk: (conversation: Conversation) => Promise<void>,
): Promise<void> {
  const connection = await connect(options, parts);
  try {
    if (parts.stop.aborted) return;
    remember(connection.address, parts);
    await Promise.race([talk(connection), connection.lost, stopped(parts.stop)]);
  } finally {
    await connection.close();
  }
}

/** Close codes by which a relay says that it does not want this client (SPEC, "Close codes"). */
const REFUSALS: readonly number[] = [CLOSE.authRequired, CLOSE.restricted, CLOSE.rateLimited];

async function connect(options: ConversationOptions, parts: CliParts): Promise<Connection> {
  const failures: string[] = [];
  for (const address of options.addresses) {
    parts.knownRelays.check(address);
    const connection = new Connection(address, options, parts);
    try {
      await Promise.race([connection.opened, stopped(parts.stop)]);
      return connection;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(`${address.canonical}: ${error.message}`);
    }
  }
  const advice = "Is the relay running, and is its address current?";
  throw new Failure(EXIT.unreachable, failures.join("\n"), advice);
}

/** The relay has proved its key: from now on it must be this one. */
function remember(address: RelayAddress, parts: CliParts): void {
  try {
    if (!parts.knownRelays.remember(address)) return;
    parts.err(`From now on ${placeOfRelay(address)} is known as ${encodeNpub(address.relay)}.\n`);
  } catch (error) {
    if (!(error instanceof KnownRelaysError) || error.code === "key-changed") throw error;
    parts.err(`npubwire: not remembered: ${printable(error.message)}\n`);
  }
}

class Connection implements Conversation {
  readonly address: RelayAddress;
  readonly opened: Promise<void>;
  /** Rejects with a {@link Failure} when the connection ends or the relay is silent for too long. */
  readonly lost: Promise<never>;
  readonly #closed: Promise<void>;
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #parts: CliParts;
  #giveUp: (failure: Failure) => void = () => {};
  #cancelDeadline: (() => void) | undefined;

  constructor(address: RelayAddress, options: ConversationOptions, parts: CliParts) {
    const { key, proxy, timeout, onMessage } = options;
    const socket = parts.dial(address.canonical, key, proxy);
    this.address = address;
    this.#socket = socket;
    this.#timeout = timeout;
    this.#parts = parts;
    socket.addEventListener("message", (event) => {
      if (this.#cancelDeadline) this.expectAnswer();
      const message = parseRelayMessage(String(field(event, "data")));
      if (message.type === "NOTICE") parts.err(`The relay says: ${printable(message.text)}\n`);
      else onMessage(message, this);
    });
    this.lost = new Promise((_, reject) => {
      this.#giveUp = reject;
      failureOf(socket, reject);
    });
    this.#closed = new Promise((resolve) => {
      socket.addEventListener("close", () => resolve());
    });
    const open = new Promise<void>((resolve) => {
      socket.addEventListener("open", () => resolve());
    });
    this.opened = Promise.race([open, this.lost]);
    // Whoever still waits hears of it; that nobody does is no error.
    this.opened.catch(() => {});
  }

  send(message: readonly unknown[]): void {
    this.#socket.send(JSON.stringify(message));
  }

  expectAnswer(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = this.#parts.clock.after(this.#timeout * 1000, () => {
      const words = `the relay has not answered for ${this.#timeout} seconds`;
      this.#giveUp(new Failure(EXIT.unreachable, words, "Wait longer with --timeout."));
    });
  }

  rest(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  async close(): Promise<void> {
    this.rest();
    this.#socket.close(CLOSE.normal);
    await this.#closed;
  }
}

/** Reports the end of the socket, with the cause that its error event told before. */
function failureOf(socket: Socket, report: (failure: Failure) => void): void {
  let cause: string | undefined;
  socket.addEventListener("error", (event) => {
    cause = String(field(event, "message") ?? "");
  });
  socket.addEventListener("close", (event) => {
    const reason = printable(cause || String(field(event, "reason") ?? ""));
    if (REFUSALS.includes(Number(field(event, "code")))) {
      const advice = "Another key may be welcome: --key FILE.";
      report(new Failure(EXIT.failed, `the relay refused this client: ${reason}`, advice));
    } else {
      report(new Failure(EXIT.unreachable, reason || "the relay closed the connection"));
    }
  });
}

/** Events of the drop-in class have fields that the platform's `Event` does not know. */
function field(event: Event, name: string): unknown {
  return Reflect.get(event, name);
}
