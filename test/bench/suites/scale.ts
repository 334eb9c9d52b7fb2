/** Ten times the events: the same relay over a small database and over a big one, encrypted. */

import { mixed, queryKinds } from "../events/query-mix.ts";
import { SignedEvents } from "../events/signed.ts";
import { openRelays, type Setup } from "../relays.ts";
import type { OpenSuite, Suite } from "../suite.ts";
import { dialMany } from "../wire.ts";
import { ingestCase } from "./ingest.ts";
import { queryCase } from "./queries.ts";

const TIMES = 10;
const INGEST = { connections: 64, window: 4 };
const ASKING = 8;

export const scale: Suite = {
  name: "scale",
  title: "Ten times the events",
  milliseconds: 1500,
  warmUp: 1000,
  async open(options): Promise<OpenSuite> {
    if (options.url !== undefined) throw new RangeError("suite scale needs relays of our own");
    const events = new SignedEvents(options);
    const setups = [options.scale, TIMES * options.scale].map(storing);
    const opened = await openRelays({ setups, stored: 0 }, events, { ...options, peers: false });
    const relays = opened.relays.filter(({ column }) => !column.startsWith("npubwire plain"));
    const both = await Promise.all(
      relays.map(async (relay) => ({
        relay,
        wires: await dialMany(relay.dial, INGEST.connections),
        kinds: queryKinds(events.series),
      })),
    );
    const [{ kinds: rows } = { kinds: [] }] = both;
    return {
      cases: [
        ...[...rows.keys()].flatMap((row) =>
          both.flatMap(({ relay, wires, kinds }) => {
            const kind = kinds[row];
            return kind ? [queryCase(kind.name, relay, wires.slice(0, ASKING), kind)] : [];
          }),
        ),
        ...both.map(({ relay, wires, kinds }) =>
          queryCase("mixed", relay, wires.slice(0, ASKING), mixed(kinds)),
        ),
        ...both.map(({ relay, wires }) => ingestCase("ingest", relay, wires, INGEST)),
      ],
      notes: [
        ...opened.notes.slice(1),
        `requests over ${ASKING} connections, events over ${INGEST.connections}; as in the suites queries and ingest`,
      ],
      async close() {
        for (const { wires } of both) for (const wire of wires) wire.cut();
        events.close();
        await opened.close();
      },
    };
  },
};

function storing(stored: number): Setup {
  return { label: `, ${stored.toLocaleString("en-US")} stored`, settings: {}, stored };
}
