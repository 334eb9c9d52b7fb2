/** Stored events out: the requests that clients make most, by kind and mixed. */

import { mixed, type QueryKind, queryKinds } from "../events/query-mix.ts";
import { SignedEvents } from "../events/signed.ts";
import { latencies } from "../figures.ts";
import { requestUntil } from "../load.ts";
import { AS_SHIPPED, type DialledRelay, openRelays } from "../relays.ts";
import { giveEvents } from "../stock.ts";
import type { Case, OpenSuite, Suite } from "../suite.ts";
import { dialMany, type Wire } from "../wire.ts";

const CONNECTIONS = 8;

export const queries: Suite = {
  name: "queries",
  title: "Queries over stored events",
  milliseconds: 1200,
  warmUp: 400,
  async open(options): Promise<OpenSuite> {
    const events = new SignedEvents(options);
    const stored = options.scale.toLocaleString("en-US");
    const wanted = { setups: [AS_SHIPPED], stored: options.scale };
    const { relays, notes, close } = await openRelays(wanted, events, options);
    await giveEvents(relays, options);
    const columns = await Promise.all(
      relays.map(async (relay) => {
        const kinds = queryKinds(events.series);
        return {
          relay,
          kinds: [...kinds, mixed(kinds)],
          wires: await dialMany(relay.dial, CONNECTIONS),
        };
      }),
    );
    const [{ kinds: rows } = { kinds: [] }] = columns;
    return {
      cases: rows.flatMap((_, row) =>
        columns.flatMap(({ relay, kinds, wires }) => {
          const kind = kinds[row];
          return kind ? [queryCase(`${kind.name}, ${stored} stored`, relay, wires, kind)] : [];
        }),
      ),
      notes: [
        ...notes,
        `${stored} events stored; ${CONNECTIONS} connections, one request at a time on each, so latencies are those of a relay at its limit; a request ends with EOSE`,
        "mixed: the four kinds in equal parts",
      ],
      async close() {
        for (const { wires } of columns) for (const wire of wires) wire.cut();
        events.close();
        await close();
      },
    };
  },
};

export function queryCase(
  row: string,
  { column, peer }: Pick<DialledRelay, "column" | "peer">,
  wires: readonly Wire[],
  kind: QueryKind,
): Case {
  return {
    row,
    column,
    unit: "request",
    peer,
    async run(milliseconds) {
      const start = performance.now();
      const asked = await requestUntil(start + milliseconds, wires, () => kind.filter());
      const seconds = (performance.now() - start) / 1000;
      return {
        operations: asked.requests,
        measures: {
          "events a request": asked.events / asked.requests,
          "events/s": asked.events / seconds,
          ...latencies(asked.milliseconds),
        },
      };
    },
  };
}
