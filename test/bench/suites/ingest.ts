/** Events in: each verified, stored durably and answered by OK true before the next takes its place. */

import { SignedEvents } from "../events/signed.ts";
import { publishUntil } from "../load.ts";
import { AS_SHIPPED, type DialledRelay, openRelays } from "../relays.ts";
import type { BenchOptions, Case, OpenSuite, Suite } from "../suite.ts";
import { dialMany, type Wire } from "../wire.ts";

/** Connections, and how many events each has under way: 256 in all. */
const LOADS = [
  { connections: 1, window: 256 },
  { connections: 8, window: 32 },
  { connections: 64, window: 4 },
] as const;

/** Signed in advance: more than a relay takes on two cores. */
const EVENTS_PER_MILLISECOND = 16;

const NO_SEARCH = { label: ", no search", settings: { search: false } };

export const ingest: Suite = {
  name: "ingest",
  title: "Ingest: events verified, stored durably, answered",
  milliseconds: 1500,
  warmUp: 400,
  async open(options: BenchOptions): Promise<OpenSuite> {
    const events = new SignedEvents(options);
    const wanted = { setups: [AS_SHIPPED, NO_SEARCH], stored: 0 };
    const { relays, notes, close } = await openRelays(wanted, events, options);
    const wires = await Promise.all(relays.map(({ dial }) => dialMany(dial, MOST)));
    return {
      cases: LOADS.flatMap((load) =>
        relays.map((relay, index) => ingestCase(rowOf(load), relay, wires[index] ?? [], load)),
      ),
      notes: [
        ...notes,
        "signed events of 766 B with five indexed tags, 256 under way in all; an operation is an OK true",
      ],
      async close() {
        for (const wire of wires.flat()) wire.cut();
        events.close();
        await close();
      },
    };
  },
};

function rowOf({ connections }: (typeof LOADS)[number]): string {
  return `${connections} ${connections === 1 ? "connection" : "connections"}`;
}

const MOST = Math.max(...LOADS.map(({ connections }) => connections));

export function ingestCase(
  row: string,
  { column, peer, events }: DialledRelay,
  wires: readonly Wire[],
  { connections, window }: { readonly connections: number; readonly window: number },
): Case {
  let messages: readonly string[] = [];
  return {
    row,
    column,
    unit: "event",
    peer,
    prepare(milliseconds) {
      messages = events.reserve(Math.ceil(milliseconds * EVENTS_PER_MILLISECOND));
    },
    async run(milliseconds) {
      const end = performance.now() + milliseconds;
      const operations = await publishUntil(end, wires.slice(0, connections), messages, window);
      events.used(operations);
      return { operations };
    },
  };
}
