/** Live events: one in, one copy out to every subscription. */

import { SignedEvents } from "../events/signed.ts";
import { latencies, MEDIAN_MS } from "../figures.ts";
import { atPace, isStored, notStored, pause, publishUntil } from "../load.ts";
import { progress } from "../progress.ts";
import { AS_SHIPPED, type DialledRelay, openRelays } from "../relays.ts";
import type { Case, OpenSuite, Outcome, Suite } from "../suite.ts";
import { dialMany, type Wire } from "../wire.ts";

/** Subscriptions, and the connections that they are spread over. */
const CROWDS = [
  { subscriptions: 100, connections: 100 },
  { subscriptions: 1_000, connections: 100 },
  { subscriptions: 1_000, connections: 1_000 },
] as const;
type Crowd = (typeof CROWDS)[number];

const PACED_PER_SECOND = 20;
const FLOOD_WINDOW = 32;
/** More than are delivered to the smallest crowd. */
const FLOOD_PER_MILLISECOND = 8;

export const fanOut: Suite = {
  name: "fan-out",
  title: "Live delivery to many subscriptions",
  milliseconds: 2000,
  warmUp: 500,
  async open(options): Promise<OpenSuite> {
    const events = new SignedEvents(options);
    const { relays, notes, close } = await openRelays(
      { setups: [AS_SHIPPED], stored: 0 },
      events,
      options,
    );
    const lines: Line[] = [];
    for (const relay of relays) lines.push(await Line.open(relay));
    return {
      cases: CROWDS.flatMap((crowd) => [
        ...lines.map((line) => line.case(crowd, "paced")),
        ...lines.map((line) => line.case(crowd, "flooded")),
      ]),
      notes: [
        ...notes,
        `every subscription matches every event; the events are stored durably, too. paced: ${PACED_PER_SECOND} events a second, latency from EVENT to each copy; flooded: ${FLOOD_WINDOW} events under way, an operation is a copy that has arrived`,
      ],
      async close() {
        for (const line of lines) line.close();
        events.close();
        await close();
      },
    };
  },
};

/** One column: who publishes, who listens. */
class Line {
  readonly #relay: DialledRelay;
  readonly #publisher: Wire;
  /** As many as the largest crowd so far has needed. */
  #wires: readonly Wire[] = [];
  #listeners: readonly Wire[] = [];

  private constructor(relay: DialledRelay, publisher: Wire) {
    this.#relay = relay;
    this.#publisher = publisher;
  }

  static async open(relay: DialledRelay): Promise<Line> {
    return new Line(relay, await relay.dial());
  }

  case(crowd: Crowd, how: "paced" | "flooded"): Case {
    const { column, peer, events } = this.#relay;
    const perMillisecond = how === "paced" ? PACED_PER_SECOND / 1000 : FLOOD_PER_MILLISECOND;
    let messages: readonly string[] = [];
    return {
      row: `${how}, ${grouped(crowd.subscriptions)} subscriptions on ${grouped(crowd.connections)} connections`,
      column,
      unit: "delivery",
      ...(how === "paced" ? { headline: MEDIAN_MS, places: "all" } : {}),
      peer,
      prepare: async (milliseconds) => {
        messages = events.reserve(Math.ceil(milliseconds * perMillisecond) + 1);
        this.#listeners = await this.#connected(crowd.connections);
        await Promise.all(this.#listeners.map((wire) => subscribe(wire, perWire(crowd))));
      },
      run: (milliseconds) =>
        how === "paced"
          ? this.#pace(crowd, messages)
          : this.#flood(crowd, messages, performance.now() + milliseconds),
      tidy: async () => {
        await Promise.all(this.#listeners.map((wire) => unsubscribe(wire, perWire(crowd))));
      },
    };
  }

  close(): void {
    for (const wire of [this.#publisher, ...this.#wires]) wire.cut();
  }

  async #connected(count: number): Promise<readonly Wire[]> {
    const missing = count - this.#wires.length;
    if (missing > 0) {
      progress(`fan-out: ${count} connections, ${this.#relay.column}`);
      this.#wires = [...this.#wires, ...(await dialMany(this.#relay.dial, missing))];
    }
    return this.#wires.slice(0, count);
  }

  async #pace(crowd: Crowd, messages: readonly string[]): Promise<Outcome> {
    const milliseconds: number[] = [];
    let sentAt = 0;
    let missing = 0;
    for (const wire of this.#listeners) {
      wire.onText((text) => {
        if (!text.startsWith('["EVENT"')) return;
        milliseconds.push(performance.now() - sentAt);
        missing--;
      });
    }
    let next = 0;
    let failure: Error | undefined;
    this.#publisher.onText((text) => {
      if (text.startsWith('["OK"') && !isStored(text)) failure = notStored(text);
    });
    const isOver = (): boolean => next === messages.length || failure !== undefined;
    // One at a time: a late event waits for the copies of the one before.
    await atPace(PACED_PER_SECOND, isOver, () => {
      if (missing > 0) return;
      sentAt = performance.now();
      missing = crowd.subscriptions;
      this.#publisher.send(messages[next++] ?? "");
    });
    while (missing > 0 && !failure) await pause(1);
    if (failure) throw failure;
    this.#relay.events.used(next);
    return { operations: milliseconds.length, measures: latencies(milliseconds) };
  }

  async #flood(crowd: Crowd, messages: readonly string[], end: number): Promise<Outcome> {
    const { events } = this.#relay;
    const start = performance.now();
    let operations = 0;
    for (const wire of this.#listeners) {
      wire.onText((text) => {
        if (text.startsWith('["EVENT"')) operations++;
      });
    }
    const published = await publishUntil(end, [this.#publisher], messages, FLOOD_WINDOW);
    events.used(published);
    while (operations < published * crowd.subscriptions) await pause(1);
    const seconds = (performance.now() - start) / 1000;
    return { operations, measures: { "published events/s": published / seconds } };
  }
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

function perWire({ subscriptions, connections }: Crowd): number {
  return subscriptions / connections;
}

/** Resolves once all are open. What is stored is skipped, but for one event. */
function subscribe(wire: Wire, count: number): Promise<void> {
  for (let id = 0; id < count; id++) {
    wire.send(`["REQ","${id}",{"kinds":[1,6,7],"limit":1}]`);
  }
  return untilEose(wire, count);
}

/** Resolves once all are closed: the answer to what was asked last says so. */
async function unsubscribe(wire: Wire, count: number): Promise<void> {
  for (let id = 0; id < count; id++) wire.send(`["CLOSE","${id}"]`);
  wire.send(`["REQ","last",{"ids":["${"0".repeat(64)}"]}]`);
  await untilEose(wire, 1);
  wire.send('["CLOSE","last"]');
}

function untilEose(wire: Wire, count: number): Promise<void> {
  return new Promise((resolve) => {
    let missing = count;
    wire.onText((text) => {
      if (text.startsWith('["EOSE"') && --missing === 0) resolve();
    });
  });
}
