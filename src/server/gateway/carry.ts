/**
 * One connection of an app, carried over one encrypted channel. What goes wrong is told in words
 * (NOTICE) and by a close code; the app never reaches a relay in the plain.
 */

import type { Signer } from "../../channel/dial.ts";
import { DialError } from "../../channel/errors.ts";
import { pipe } from "../../channel/pipe.ts";
import { PlainLink } from "../../channel/plain.ts";
import type { Link, LinkHandlers } from "../../channel.ts";
import type { Clock } from "../../clock.ts";
import type { CryptoProvider } from "../../crypto.ts";
import type { Log } from "../../log.ts";
import type { RelayAddress } from "../../nostr/address.ts";
import { notice, okMessage } from "../../nostr/message.ts";
import { isRecord } from "../../nostr/parsed.ts";
import { CLOSE, MAX_CLOSE_REASON_BYTES } from "../../transport/constants.ts";
import { dialKnown } from "../dial/known.ts";
import { type KnownRelays, KnownRelaysError } from "../dial/known-relays.ts";
import type { Route } from "../dial.ts";

export interface CarryOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
  readonly knownRelays: KnownRelays;
  /** To the relays: directly, or through a proxy. */
  readonly route: Route;
  /** For one connection. */
  signer(): Signer;
}

/** The app's end. What the app says before its relay is reached waits here, up to a bound. */
export class AppLink extends PlainLink {
  #held = 0;
  #isJoined = false;

  /** So many bytes have come. */
  hold(bytes: number): void {
    if (this.#isJoined) return;
    this.#held += bytes;
    if (this.#held > MAX_HELD) this.pause();
  }

  override start(handlers: LinkHandlers): void {
    this.#isJoined = true;
    this.resume();
    super.start(handlers);
  }

  /** When it is closed for a reason, the app's user may read it. */
  override close(code: number, reason: string): void {
    if (code !== CLOSE.normal) this.send(notice(`npubwire gateway: ${reason}`));
    super.close(code, shortened(reason));
  }
}

/**
 * Dials the first address that answers, and joins both ends. Resolves when all is over; never
 * rejects. `signal`: the app has gone.
 */
export async function carry(
  app: AppLink,
  { name, addresses }: { readonly name: string; readonly addresses: readonly RelayAddress[] },
  options: CarryOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = options;
  let relay: Link;
  try {
    relay = await dialFirst(addresses, options, signal);
  } catch (error) {
    const { code, message, closeCode } = describe(error);
    log("warn", "relay not reached", { relay: name, reason: code });
    app.close(closeCode, `${name}: ${message}`);
    return;
  }
  log("info", "relay reached", { relay: name });
  const end = { link: relay, name: `the relay ${name}`, take: withoutChallenge };
  const front = { link: app, name: "the app", take: (text: string) => withoutAuth(text, app) };
  const outcome = await pipe(front, end, { clock, maxStall: MAX_STALL });
  const { code, error, clean } = outcome.end;
  const reason = error && "code" in error ? String(error.code) : code;
  log(outcome.first === end && !clean ? "warn" : "info", "connection closed", {
    relay: name,
    by: outcome.first === end ? "relay" : "app",
    reason: clean ? undefined : reason,
  });
}

/** Bytes. */
const MAX_HELD = 1_048_576;
/** Milliseconds in which an end takes nothing of what waits for it. */
const MAX_STALL = 60_000;

/** WebSocket close codes (RFC 6455, section 7.4.1, and its registry). */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** What may be otherwise in a while, or at another address of the same relay. */
const PASSING: ReadonlySet<string> = new Set([
  "unreachable",
  "timeout",
  "rate-limited",
  "truncated",
  "not-a-relay",
]);
const PASSING_AT_SIGNER: ReadonlySet<string> = new Set(["signer-timeout", "signer-unreachable"]);

/** Throws a DialError or a KnownRelaysError: that of the last address. */
async function dialFirst(
  addresses: readonly RelayAddress[],
  options: CarryOptions,
  signal: AbortSignal,
): Promise<Link> {
  let failure: unknown = new DialError("address", "no address");
  for (const address of addresses) {
    try {
      return await dialKnown(address, { ...options, signer: options.signer() }, signal);
    } catch (error) {
      failure = error;
      if (!(error instanceof DialError && PASSING.has(error.code))) break;
    }
  }
  throw failure;
}

interface Description {
  readonly code: string;
  readonly message: string;
  readonly closeCode: number;
}

function describe(error: unknown): Description {
  if (error instanceof KnownRelaysError) {
    const message = `${error.message}\n${error.advice}`;
    return { code: error.code, message, closeCode: POLICY_VIOLATION };
  }
  const { code, message } = DialError.from(error);
  const isPassing = PASSING.has(code) || PASSING_AT_SIGNER.has(code);
  return { code, message, closeCode: isPassing ? TRY_AGAIN_LATER : POLICY_VIOLATION };
}

/**
 * Apps sign classic NIP-42 events, which mean nothing on a channel (SPEC, "More keys"). The gateway
 * has signed in already; a relay that asks an app for more than that would get it to sign in vain.
 */
function withoutAuth(text: string, app: Link): string | undefined {
  if (verbOf(text) !== "AUTH") return text;
  const id = eventIdOf(text);
  const reason = "restricted: the gateway has signed in with its own key, which is the only one";
  app.send(id === undefined ? notice(reason) : okMessage(id, false, reason));
  return undefined;
}

function withoutChallenge(text: string): string | undefined {
  return verbOf(text) === "AUTH" ? undefined : text;
}

const VERB = /^\s*\[\s*("(?:[^"\\]|\\.){0,64}")/;

/** The first word of a message, however its JSON spells it. */
function verbOf(text: string): unknown {
  const [, word] = VERB.exec(text) ?? [];
  return word === undefined ? undefined : readJson(word);
}

function eventIdOf(text: string): string | undefined {
  const message = readJson(text);
  const event: unknown = Array.isArray(message) ? message[1] : undefined;
  return isRecord(event) && typeof event["id"] === "string" ? event["id"] : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A close frame holds 123 bytes; the NOTICE before it says the rest. */
function shortened(reason: string): string {
  const [line = ""] = reason.split("\n");
  const bytes = new TextEncoder().encode(line);
  if (bytes.length <= MAX_CLOSE_REASON_BYTES) return line;
  // A character that was cut in two becomes U+FFFD, which is as long as what it replaces at most.
  return new TextDecoder()
    .decode(bytes.subarray(0, MAX_CLOSE_REASON_BYTES - 3))
    .replace(/\uFFFD$/, "");
}
