/** How long requests take while another process imports into the same database. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { mixed, type QueryKind, queryKinds } from "../events/query-mix.ts";
import { SignedEvents } from "../events/signed.ts";
import { latencies, P99_MS } from "../figures.ts";
import { requestAtPace } from "../load.ts";
import { type Cores, onCores } from "../machine.ts";
import { AS_SHIPPED, type DialledRelay, openRelays } from "../relays.ts";
import type { Case, OpenSuite, Outcome, Suite } from "../suite.ts";
import { dialMany, type Wire } from "../wire.ts";

const CONNECTIONS = 8;
const REQUESTS_PER_SECOND = 100;
/** 100,000 events in a whole round. */
const IMPORTED_PER_MILLISECOND = 20;

export const importing: Suite = {
  name: "import",
  title: "Queries while an import runs",
  milliseconds: 5000,
  warmUp: 500,
  async open(options): Promise<OpenSuite> {
    if (options.url !== undefined) throw new RangeError("suite import needs a relay of our own");
    const events = new SignedEvents(options);
    const stored = options.scale.toLocaleString("en-US");
    const wanted = { setups: [AS_SHIPPED], stored: options.scale };
    const { relays, notes, close } = await openRelays(wanted, events, { ...options, peers: false });
    const columns = await Promise.all(
      relays.map(async (relay) => {
        const wires = await dialMany(relay.dial, CONNECTIONS);
        const mix = mixed(queryKinds(events.series));
        return { relay, ask: (isOver: () => boolean) => mixedAtPace(isOver, wires, mix), wires };
      }),
    );
    return {
      cases: [
        ...columns.map(({ relay, ask }) => quietCase(`quiet, ${stored} stored`, relay, ask)),
        ...columns.map(({ relay, ask }) =>
          importCase(`during an import, ${stored} stored`, relay, ask, options.cores),
        ),
      ],
      notes: [
        ...notes,
        `${stored} events stored; mixed requests, ${REQUESTS_PER_SECOND} a second however long they take, latency from when they were due`,
        "import: npubwire import --no-verify of 100,000 other events in a whole round, in a process of its own that is not pinned and shares both cores with the relay and the generator",
      ],
      async close() {
        for (const { wires } of columns) for (const wire of wires) wire.cut();
        events.close();
        await close();
      },
    };
  },
};

/** Asks until it is over. */
type Ask = (isOver: () => boolean) => Promise<Outcome>;

async function mixedAtPace(
  isOver: () => boolean,
  wires: readonly Wire[],
  mix: QueryKind,
): Promise<Outcome> {
  const asked = await requestAtPace(isOver, wires, REQUESTS_PER_SECOND, () => mix.filter());
  return { operations: asked.requests, measures: latencies(asked.milliseconds) };
}

function quietCase(row: string, { column, peer }: DialledRelay, ask: Ask): Case {
  return {
    row,
    column,
    unit: "request",
    headline: P99_MS,
    peer,
    run(milliseconds) {
      const end = performance.now() + milliseconds;
      return ask(() => performance.now() >= end);
    },
  };
}

function importCase(
  row: string,
  { column, peer, data = "", events }: DialledRelay,
  ask: Ask,
  cores: Cores | undefined,
): Case {
  let lines: Buffer = Buffer.alloc(0);
  let count = 0;
  return {
    row,
    column,
    unit: "request",
    headline: P99_MS,
    peer,
    prepare(milliseconds) {
      count = Math.ceil(milliseconds * IMPORTED_PER_MILLISECOND);
      lines = events.unsignedLines(count);
    },
    async run() {
      const start = performance.now();
      let seconds: number | undefined;
      const done = importInto(data, lines, cores).then(() => {
        seconds = (performance.now() - start) / 1000;
      });
      const { operations, measures } = await ask(() => seconds !== undefined);
      await done;
      return {
        operations,
        measures: { ...measures, "imported events/s": count / (seconds ?? Number.NaN) },
      };
    },
  };
}

const CLI: string = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));

async function importInto(data: string, lines: Buffer, cores: Cores | undefined): Promise<void> {
  const command = [process.execPath, CLI, "import", "--no-verify", "--data", data];
  const [file, args] = onCores(command, cores?.all);
  const child = spawn(file, args, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(lines);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the import ended with code ${code}`);
}
