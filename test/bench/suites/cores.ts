/** One core against two: the same relay without threads on one, and with threads on all. */

import { mixed, queryKinds } from "../events/query-mix.ts";
import { SignedEvents } from "../events/signed.ts";
import { placeGenerator } from "../machine.ts";
import { openRelays, type Setup } from "../relays.ts";
import type { BenchOptions, Case, OpenSuite, Suite } from "../suite.ts";
import { dialMany } from "../wire.ts";
import { ingestCase } from "./ingest.ts";
import { queryCase } from "./queries.ts";

/** Without search: what one core puts off until it is idle, a thread does while others work. */
const ONE: Setup = {
  label: ", one core",
  settings: { threads: 0, search: false },
  cores: "server",
};
const ALL: Setup = {
  label: ", all cores",
  settings: { threads: 1, search: false },
  cores: "all",
};

const CONNECTIONS = 64;
/** Events under way on each: enough for a batch in every stage, or these would wait for each other. */
const WINDOW = 16;

/** Wall time: what more cores are for. */
const WALL = "µs of wall time per operation";

export const cores: Suite = {
  name: "cores",
  title: "One core against all",
  // Long enough for the times in which stages of the relay fill and drain to be few.
  milliseconds: 4000,
  warmUp: 1500,
  async open(options): Promise<OpenSuite> {
    if (options.url !== undefined) throw new RangeError("suite cores needs a relay of our own");
    const events = new SignedEvents(options);
    const wanted = { setups: [ONE, ALL], stored: options.scale };
    const { relays, notes, close } = await openRelays(wanted, events, { ...options, peers: false });
    const wires = await Promise.all(relays.map(({ dial }) => dialMany(dial, CONNECTIONS)));
    const both = relays.map((relay, index) => ({ relay, wires: wires[index] ?? [] }));
    return {
      cases: [
        ...both.map((each) =>
          ingestCase("ingest, 64 connections", each.relay, each.wires, {
            connections: CONNECTIONS,
            window: WINDOW,
          }),
        ),
        ...both.map((each) =>
          queryCase(
            "mixed queries, 64 connections",
            each.relay,
            each.wires,
            mixed(queryKinds(events.series)),
          ),
        ),
      ]
        .map(inWallTime)
        .map((item) => (item.column.endsWith(ALL.label) ? withFreeGenerator(item, options) : item)),
      notes: [
        ...notes,
        "one core: threads 0, pinned to the server's core; all cores: threads 1, on every core, and so is the generator, which takes its part of them; both without search",
        `ingest: ${CONNECTIONS * WINDOW} events under way in all`,
      ],
      async close() {
        for (const wire of wires.flat()) wire.cut();
        events.close();
        await close();
      },
    };
  },
};

function inWallTime(item: Case): Case {
  return {
    ...item,
    headline: WALL,
    async run(milliseconds) {
      const start = performance.now();
      const { operations, measures } = await item.run(milliseconds);
      const micros = 1000 * (performance.now() - start);
      return { operations, measures: { ...measures, [WALL]: micros / operations } };
    },
  };
}

/** Where a relay may use every core, the generator must not hold one of them. */
function withFreeGenerator(item: Case, { cores }: Pick<BenchOptions, "cores">): Case {
  if (!cores) return item;
  return {
    ...item,
    places: "all",
    prepare(milliseconds) {
      placeGenerator(cores, "all");
      return item.prepare?.(milliseconds);
    },
    tidy() {
      placeGenerator(cores, "generator");
      return item.tidy?.();
    },
  };
}
