/**
 * Two links joined: what one end says, the other hears, in order. Whoever reads slowly slows down
 * who writes to it, so that little waits here; and when one end is gone, the other learns it.
 */

import type { Link, LinkEnd } from "../channel.ts";
import type { Clock } from "../clock.ts";
import { CLOSE, MAX_PRIVATE_CLOSE, MIN_PRIVATE_CLOSE } from "../transport/constants.ts";
import { BROKEN } from "./link.ts";

/** What the other end is sent for a message; `undefined` if that is nothing. */
export type Taken = string | undefined;

export interface PipeEnd {
  readonly link: Link;
  /** Who is there, in the words of a close reason: "the client". */
  readonly name: string;
  /**
   * Looks at every message from here; without it, all are passed on. The next one waits for a
   * promise. What it throws ends the pipe.
   */
  take?(text: string): Taken | Promise<Taken>;
}

export interface PipeOptions {
  readonly clock: Clock;
  /** Milliseconds in which an end takes nothing of a full queue before it is closed (4005). */
  readonly maxStall: number;
}

/** How a pipe ended: which end was first, and how. */
export interface PipeOutcome {
  readonly first: PipeEnd;
  /** Where the pipe itself gave up, `error` is a {@link PipeError}. */
  readonly end: LinkEnd;
}

export class PipeError extends Error {
  /** An end that reads nothing, or a message that could not be handed on. */
  readonly code: "too-slow" | "undeliverable";

  constructor(code: "too-slow" | "undeliverable", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PipeError";
    this.code = code;
  }
}

/** Starts both links. Resolves when both have ended; never rejects. */
export function pipe(a: PipeEnd, b: PipeEnd, options: PipeOptions): Promise<PipeOutcome> {
  return new Promise((resolve) => {
    let outcome: PipeOutcome | undefined;
    const left = new Half(a, options, over);
    const right = new Half(b, options, over);
    function over(half: Half, end: LinkEnd): void {
      outcome ??= { first: half.end, end };
      const other = half === left ? right : left;
      const { code, reason } = passedOn(end, half.end.name);
      other.close(code, reason);
      if (left.hasEnded && right.hasEnded) resolve(outcome);
    }
    left.start(right);
    right.start(left);
  });
}

/**
 * How the other end learns of an end, in codes that a close frame of either kind may carry: a
 * broken link is "going away", and what only WebSockets know becomes its nearest relative.
 */
export function passedOn(
  { code, reason, clean }: LinkEnd,
  name: string,
): Pick<LinkEnd, "code" | "reason"> {
  if (!clean) return { code: CLOSE.goingAway, reason: `${name} is gone` };
  if (code >= MIN_PRIVATE_CLOSE && code <= MAX_PRIVATE_CLOSE) return { code, reason };
  return { code: RELATIVES[code] ?? CLOSE.normal, reason };
}

/** Close codes of RFC 6455 and its registry that mean more than "done". */
const RELATIVES: Readonly<Record<number, number>> = {
  1001: CLOSE.goingAway,
  1002: CLOSE.internal,
  1003: CLOSE.internal,
  1007: CLOSE.internal,
  1008: CLOSE.internal,
  1009: CLOSE.internal,
  1010: CLOSE.internal,
  1011: CLOSE.internal,
  1012: CLOSE.goingAway,
  1013: CLOSE.goingAway,
  1014: CLOSE.internal,
};

/** Bytes on their way to one end at which the other is not read from. */
const FULL_AT = 262_144;

/** Why an end is not read from: the other one's queue, its own answers, or a message in hand. */
type Hold = "other" | "own" | "message";

type Over = (half: Half, end: LinkEnd) => void;

class Half {
  readonly end: PipeEnd;
  hasEnded = false;
  readonly #options: PipeOptions;
  readonly #over: Over;
  readonly #holds = new Set<Hold>();
  #isClosing = false;
  #stopWatch: (() => void) | undefined;

  constructor(end: PipeEnd, options: PipeOptions, over: Over) {
    this.end = end;
    this.#options = options;
    this.#over = over;
  }

  start(other: Half): void {
    this.end.link.start({
      message: (text) => this.#receive(text, other),
      drain: () => {
        this.#unwatch();
        this.#release("own");
        other.#release("other");
      },
      end: (end) => {
        this.hasEnded = true;
        this.#isClosing = true;
        this.#unwatch();
        this.#over(this, end);
      },
    });
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.end.link.close(code, reason);
  }

  #receive(text: string, other: Half): void {
    if (this.#isClosing) return;
    try {
      const taken = this.end.take ? this.end.take(text) : text;
      if (typeof taken === "object") this.#await(taken, other);
      else this.#pass(taken, other);
    } catch (error) {
      this.#fail(error);
    }
  }

  #await(taken: Promise<Taken>, other: Half): void {
    this.#hold("message");
    taken
      .then((text) => this.#pass(text, other))
      .then(() => this.#release("message"))
      .catch((error: unknown) => this.#fail(error));
  }

  #pass(text: Taken, other: Half): void {
    if (text === undefined) {
      // What was taken may have been answered, so this end's own queue counts, too.
      if (this.#isFull) this.#hold("own");
      this.#watch();
    } else if (!other.#isClosing) {
      other.end.link.send(text);
      if (other.#isFull) this.#hold("other");
      other.#watch();
    }
  }

  get #isFull(): boolean {
    return !this.#isClosing && this.end.link.bufferedAmount > FULL_AT;
  }

  #hold(reason: Hold): void {
    if (this.#holds.size === 0) this.end.link.pause();
    this.#holds.add(reason);
  }

  #release(reason: Hold): void {
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.end.link.resume();
  }

  /** An end that takes nothing must not keep the other one waiting for ever. */
  #watch(): void {
    if (this.#stopWatch || !this.#isFull) return;
    const before = this.end.link.bufferedAmount;
    this.#stopWatch = this.#options.clock.after(this.#options.maxStall, () => {
      this.#stopWatch = undefined;
      if (this.end.link.bufferedAmount < before) this.#watch();
      else this.#giveUp(CLOSE.tooSlow, "too slow: the queue is full", tooSlow());
    });
  }

  #unwatch(): void {
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  #fail(cause: unknown): void {
    const error = new PipeError("undeliverable", "a message could not be handed on", { cause });
    this.#giveUp(CLOSE.internal, "error: a message could not be handed on", error);
  }

  #giveUp(code: number, reason: string, error: PipeError): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    // Told before it is done: closing may end this link at once, and that is not how it began.
    this.#over(this, { code: BROKEN, reason: "", clean: false, error });
    this.end.link.close(code, reason);
  }
}

function tooSlow(): PipeError {
  return new PipeError("too-slow", "it takes nothing of what is sent to it");
}
