/** Ten times what a relay can do, for a while: does it keep its memory, does it refuse, is it back soon? */

import { mixed, queryKinds } from "../events/query-mix.ts";
import { SignedEvents } from "../events/signed.ts";
import { median } from "../figures.ts";
import { atPace, pause, publishUntil, requestUntil } from "../load.ts";
import { AS_SHIPPED, type DialledRelay, openRelays } from "../relays.ts";
import type { Case, OpenSuite, Outcome, Peer, Suite } from "../suite.ts";
import { dialMany, type Wire } from "../wire.ts";

const FACTOR = 10;
const CONNECTIONS = 64;
/** Bytes in the generator's own queues, by connection, at which it leaves a message out. */
const FULL = 256 * 1024;
/** How many times a second messages leave, a batch each time. */
const BATCHES = 200;
/** Milliseconds of the closed loop that finds out what the relay can do. */
const SUSTAINED = 500;
/** An answer within this, in milliseconds, says that the relay is back. */
const PROMPT = 100;
/** Milliseconds between two looks at the relay's memory. */
const LOOK = 20;
/** Milliseconds between two messages of the client that wants little. */
const RETRY = 20;
/** More than it ever sends. */
const PROBES = 2000;
/** Milliseconds after which what is unanswered counts as such. */
const PATIENCE = 30_000;

const RECOVERY = "ms until a new request is answered promptly";

export const overload: Suite = {
  name: "overload",
  title: "Ten times too much",
  milliseconds: 1000,
  warmUp: 1,
  async open(options): Promise<OpenSuite> {
    const events = new SignedEvents(options);
    const { relays, notes, close } = await openRelays(
      { setups: [AS_SHIPPED], stored: options.scale },
      events,
      { ...options, peers: false },
    );
    return {
      cases: relays.flatMap((relay) => [
        overloadCase("events", relay, (wires) => eventLoad(relay, wires)),
        overloadCase("mixed requests", relay, (wires) => requestLoad(events, wires)),
      ]),
      notes: [
        ...notes,
        `${FACTOR} times what the relay has just done in a closed loop, over ${CONNECTIONS} connections; what does not fit into a connection's ${FULL / 1024} KB of send queue is left out, since the relay has stopped reading there`,
        `the other client sends messages of the same sort, one after the other, from the same address; recovery: from the end of the load until it gets an answer within ${PROMPT} ms`,
        "memory: the highest RSS seen, less what it was before",
      ],
      async close() {
        events.close();
        await close();
      },
    };
  },
};

/** One sort of load. */
interface Load {
  /** What the relay does of it in a second when each answer is waited for. */
  sustained(milliseconds: number): Promise<number>;
  /** Makes ready for sending so many. */
  prepare(count: number): void;
  /** The next message; `undefined` when there are no more. */
  next(): string | undefined;
  /** What an answer says, and what is to be sent back. */
  read(text: string): Answer | undefined;
}

interface Answer {
  /** `undefined` where the relay has done what it was asked; else its words. */
  readonly refusal?: string;
  readonly reply?: string;
}

function overloadCase(
  row: string,
  { column, peer, dial }: DialledRelay,
  open: (wires: readonly Wire[]) => Load,
): Case {
  let wires: readonly Wire[] = [];
  let load: Load | undefined;
  let perSecond = 0;
  return {
    row,
    column,
    unit: "message",
    headline: RECOVERY,
    peer,
    async prepare(milliseconds) {
      wires = await dialMany(dial, CONNECTIONS + 1);
      load = open(wires.slice(1));
      perSecond = FACTOR * (await load.sustained(Math.min(SUSTAINED, milliseconds)));
      load.prepare(Math.ceil((perSecond * milliseconds) / 1000) + PROBES);
    },
    async run(milliseconds) {
      const [wire, ...others] = wires;
      if (!load || !wire) throw new RangeError("the case was not prepared");
      const flood = new Flood(load, others);
      return await overloadFor(milliseconds, perSecond, flood, new Probe(load, wire), peer);
    },
    tidy() {
      for (const wire of wires) wire.cut();
    },
  };
}

async function overloadFor(
  milliseconds: number,
  perSecond: number,
  flood: Flood,
  probe: Probe,
  peer: Peer,
): Promise<Outcome> {
  const memory = new HighWater(peer);
  const end = performance.now() + milliseconds;
  const meanwhile = probe.until(() => performance.now() >= end);
  await atPace(
    BATCHES,
    () => performance.now() >= end,
    () => flood.send(Math.ceil(perSecond / BATCHES)),
  );
  const waits = await meanwhile;
  const recovery = await probe.untilPrompt(end);
  await flood.answered(end + PATIENCE);
  memory.close();
  const { offered, sent, limited, refused, unanswered, closed } = flood;
  const percent = (count: number, all = sent): number => (100 * count) / Math.max(1, all);
  const taken = waits.filter((wait) => wait !== undefined);
  return {
    operations: sent,
    measures: {
      [RECOVERY]: recovery,
      "MB of memory (RSS) more at the peak": memory.grown / 2 ** 20,
      "ms that another client waits meanwhile": median(taken) ?? Number.NaN,
      "of its messages refused, %": percent(waits.length - taken.length, waits.length),
      "messages/s offered": offered / (milliseconds / 1000),
      "of them taken in, %": (100 * sent) / Math.max(1, offered),
      "of these answered rate-limited, %": percent(limited),
      "of these refused otherwise, %": percent(refused),
      "of these unanswered, %": percent(unanswered),
      "connections that the relay has closed": closed,
    },
  };
}

/** Messages that leave whether others are answered or not. */
class Flood {
  offered = 0;
  sent = 0;
  /** Refusals that say `rate-limited:`, and the others. */
  limited = 0;
  refused = 0;
  closed = 0;
  readonly #load: Load;
  readonly #wires: readonly Wire[];
  #answered = 0;
  #turn = 0;

  constructor(load: Load, wires: readonly Wire[]) {
    this.#load = load;
    this.#wires = wires;
    for (const wire of wires) {
      wire.onText((text) => this.#read(text, wire));
      // To be shut out is an answer, too.
      wire.onEnd(() => {
        this.closed++;
      });
    }
  }

  get unanswered(): number {
    return this.sent - this.#answered;
  }

  send(count: number): void {
    for (let each = 0; each < count; each++) {
      const wire = this.#wires[this.#turn++ % this.#wires.length];
      this.offered++;
      if (!wire || wire.bufferedAmount > FULL) continue;
      const message = this.#load.next();
      if (message === undefined) return;
      wire.send(message);
      this.sent++;
    }
  }

  /** Resolves when every message is, or at `end`. */
  async answered(end: number): Promise<void> {
    const isOpen = (): boolean => this.closed < this.#wires.length;
    while (this.unanswered > 0 && isOpen() && performance.now() < end) await pause(10);
  }

  #read(text: string, wire: Wire): void {
    const answer = this.#load.read(text);
    if (!answer) return;
    this.#answered++;
    if (answer.refusal?.includes('"rate-limited:')) this.limited++;
    else if (answer.refusal !== undefined) this.refused++;
    if (answer.reply !== undefined) wire.send(answer.reply);
  }
}

function eventLoad({ events }: DialledRelay, wires: readonly Wire[]): Load {
  let messages: readonly string[] = [];
  let next = 0;
  return {
    async sustained(milliseconds) {
      const some = events.reserve(Math.ceil(milliseconds * MOST_PER_MILLISECOND));
      const start = performance.now();
      const done = await publishUntil(start + milliseconds, wires, some, 4);
      events.used(done);
      return done / ((performance.now() - start) / 1000);
    },
    prepare(count) {
      messages = events.reserve(count);
      events.used(count);
    },
    next: () => messages[next++],
    read(text) {
      if (!text.startsWith('["OK"')) return undefined;
      return text.includes(",true,") ? {} : { refusal: text };
    },
  };
}

const MOST_PER_MILLISECOND = 20;

function requestLoad({ series }: SignedEvents, wires: readonly Wire[]): Load {
  const mix = mixed(queryKinds(series));
  let next = 0;
  return {
    async sustained(milliseconds) {
      const start = performance.now();
      const { requests } = await requestUntil(start + milliseconds, wires, () => mix.filter());
      return requests / ((performance.now() - start) / 1000);
    },
    prepare() {},
    next: () => `["REQ","${next++}",${mix.filter()}]`,
    read(text) {
      if (text.startsWith('["CLOSED"')) return { refusal: text };
      if (!text.startsWith('["EOSE",')) return undefined;
      return { reply: `["CLOSE",${text.slice('["EOSE",'.length, -1)}]` };
    },
  };
}

/** A client that wants little: one message at a time. */
class Probe {
  readonly #load: Load;
  readonly #wire: Wire;

  constructor(load: Load, wire: Wire) {
    this.#load = load;
    this.#wire = wire;
  }

  /** Goes on until the time is over; how long each answer took, `undefined` for a refusal. */
  async until(isOver: () => boolean): Promise<readonly (number | undefined)[]> {
    const waits: (number | undefined)[] = [];
    while (!isOver()) {
      waits.push(await this.#ask());
      await pause(RETRY);
    }
    return waits;
  }

  /** Milliseconds since `end` at which a message was sent that was answered promptly. */
  async untilPrompt(end: number): Promise<number> {
    for (;;) {
      const sentAt = performance.now();
      if (sentAt > end + PATIENCE) return sentAt - end;
      const wait = await this.#ask();
      if (wait !== undefined && wait <= PROMPT) return Math.max(0, sentAt - end);
      await pause(RETRY);
    }
  }

  #ask(): Promise<number | undefined> {
    const sentAt = performance.now();
    const message = this.#load.next();
    if (message === undefined) throw new RangeError("too few messages were prepared");
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(PATIENCE), PATIENCE);
      this.#wire.onText((text) => {
        const answer = this.#load.read(text);
        if (!answer) return;
        clearTimeout(timer);
        if (answer.reply !== undefined) this.#wire.send(answer.reply);
        resolve(answer.refusal === undefined ? performance.now() - sentAt : undefined);
      });
      this.#wire.send(message);
    });
  }
}

/** The most memory that a process is seen to hold, until closed. */
class HighWater {
  readonly #before: number;
  readonly #timer: NodeJS.Timeout;
  #highest = 0;

  constructor(peer: Peer) {
    this.#before = peer.residentBytes() ?? Number.NaN;
    this.#timer = setInterval(() => {
      this.#highest = Math.max(this.#highest, peer.residentBytes() ?? Number.NaN);
    }, LOOK);
  }

  /** Bytes beyond what it held at first. */
  get grown(): number {
    return Math.max(0, this.#highest - this.#before);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
