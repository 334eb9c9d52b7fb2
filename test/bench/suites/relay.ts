/** A whole relay: events in, answered once they are stored; stored events out. */

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { EventPool } from "../events.ts";
import { isInMemory } from "../machine.ts";
import { foreignPeer, startPeer } from "../peer.ts";
import type { BenchOptions, Case, OpenSuite, Peer, Suite } from "../suite.ts";
import { type Dial, dialer, type Wire } from "../wire.ts";

/** Connections, and how many events each has under way: 256 in all. */
const INGEST = [
  { connections: 1, window: 256 },
  { connections: 8, window: 32 },
  { connections: 64, window: 4 },
] as const;
const REQ_CONNECTIONS = 4;
const REQ_LIMIT = 500;

/** Events sent in a millisecond of a case's time: a fixed number, since they are signed before. */
const EVENTS_PER_MILLISECOND = 1.5;

export const relay: Suite = {
  name: "relay",
  title: "A whole relay: ingest and REQ",
  milliseconds: 800,
  warmUp: 300,
  async open(options): Promise<OpenSuite> {
    const { relays, notes, close } =
      options.url === undefined
        ? await startOwn(options)
        : openForeign(options.url, foreignPeer(options.pid));
    const pool = new EventPool(createNodeCrypto());
    const loads = await Promise.all(relays.map((each) => Load.open(each, pool)));
    const rows = INGEST.map(
      ({ connections: n }) => `ingest, ${n} ${n === 1 ? "connection" : "connections"}`,
    );
    const ingest = INGEST.flatMap(({ connections, window }, index) =>
      loads.map((load) => load.ingestCase(rows[index] ?? "", connections, window)),
    );
    return {
      cases: [...ingest, ...loads.map((load) => load.reqCase())],
      notes: [
        ...notes,
        "ingest: signed events of 900 B with five indexed tags, 256 under way in all; an operation is an OK true",
        `REQ: the newest ${REQ_LIMIT} events, ${REQ_CONNECTIONS} connections, one request at a time on each`,
      ],
      async close() {
        for (const load of loads) load.close();
        await close();
      },
    };
  },
};

/** A relay as it is dialled for one column. */
interface DialledRelay {
  readonly column: string;
  readonly peer: Peer;
  readonly dial: Dial;
}

interface OpenRelays {
  readonly relays: readonly DialledRelay[];
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** A relay for encrypted and another for plain clients: each stores the same events. */
async function startOwn(options: BenchOptions): Promise<OpenRelays> {
  const folder = mkdtempSync(join(options.data, "npubwire-bench-"));
  const start = (name: string) => startPeer({ type: "relay", data: join(folder, name) }, options);
  const [secure, plain] = [await start("secure"), await start("plain")];
  const { plainUrl = "" } = plain.endpoint;
  const place = isInMemory(folder) ? "in memory, so nothing is durable" : "on disk";
  return {
    relays: [
      { column: "npubwire", peer: secure, dial: dialer(secure.endpoint) },
      { column: "plain", peer: plain, dial: dialer({ url: plainUrl }) },
    ],
    notes: [
      `peer: our relay, one process a column, ${secure.endpoint.crypto ?? ""}`,
      `durability: OK after commit to SQLite, WAL, synchronous=FULL, ${place}`,
    ],
    async close() {
      await Promise.all([secure.stop(), plain.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

function openForeign(url: string, peer: Peer): OpenRelays {
  return {
    relays: [{ column: url.replace(/npub1[^@]*@/, ""), peer, dial: dialer({ url }) }],
    notes: [`peer: the relay at ${url}, whose durability is its own affair`],
    async close() {},
  };
}

/** The connections to one relay and what they have sent so far. */
class Load {
  readonly #relay: DialledRelay;
  readonly #wires: readonly Wire[];
  readonly #pool: EventPool;
  #sent = 0;

  private constructor(dialled: DialledRelay, wires: readonly Wire[], pool: EventPool) {
    this.#relay = dialled;
    this.#wires = wires;
    this.#pool = pool;
  }

  /** Also stores as many events as a REQ asks for. */
  static async open(dialled: DialledRelay, pool: EventPool): Promise<Load> {
    const count = Math.max(...INGEST.map(({ connections }) => connections));
    const wires = await Promise.all(Array.from({ length: count }, dialled.dial));
    const load = new Load(dialled, wires, pool);
    await publish(wires.slice(0, 1), load.#take(REQ_LIMIT), 64);
    return load;
  }

  close(): void {
    for (const wire of this.#wires) wire.cut();
  }

  ingestCase(row: string, connections: number, window: number): Case {
    let events: readonly string[] = [];
    return {
      row,
      column: this.#relay.column,
      unit: "event",
      peer: this.#relay.peer,
      prepare: (milliseconds) => {
        events = this.#take(Math.round(milliseconds * EVENTS_PER_MILLISECOND));
      },
      run: () => publish(this.#wires.slice(0, connections), events, window),
    };
  }

  reqCase(): Case {
    return {
      row: `REQ of ${REQ_LIMIT} events`,
      column: this.#relay.column,
      unit: "request",
      peer: this.#relay.peer,
      run: (milliseconds) => {
        const wires = this.#wires.slice(0, REQ_CONNECTIONS);
        return requestUntil(performance.now() + milliseconds, wires);
      },
    };
  }

  #take(count: number): readonly string[] {
    this.#sent += count;
    return this.#pool.slice(this.#sent - count, this.#sent);
  }
}

/** Sends every event once, `window` under way on each connection; all must be stored. */
async function publish(
  wires: readonly Wire[],
  events: readonly string[],
  window: number,
): Promise<number> {
  let next = 0;
  const lane = (wire: Wire): Promise<void> =>
    new Promise((resolve, reject) => {
      let underWay = 0;
      const send = (): void => {
        const event = events[next];
        if (event === undefined) return;
        next++;
        underWay++;
        wire.send(event);
      };
      wire.onText((text) => {
        if (!text.startsWith('["OK"')) return;
        if (!text.includes(",true,")) reject(new Error(`the relay refused an event: ${text}`));
        underWay--;
        send();
        if (underWay === 0) resolve();
      });
      for (let sent = 0; sent < window; sent++) send();
      if (underWay === 0) resolve();
    });
  await Promise.all(wires.map(lane));
  return events.length;
}

async function requestUntil(end: number, wires: readonly Wire[]): Promise<number> {
  let count = 0;
  const lane = (wire: Wire): Promise<void> =>
    new Promise((resolve, reject) => {
      let events = 0;
      wire.onText((text) => {
        if (text.startsWith('["EVENT"')) events++;
        if (!text.startsWith('["EOSE"')) return;
        if (events !== REQ_LIMIT) reject(new Error(`${events} events instead of ${REQ_LIMIT}`));
        events = 0;
        count++;
        wire.send('["CLOSE","bench"]');
        if (performance.now() < end) wire.send(REQ);
        else resolve();
      });
      wire.send(REQ);
    });
  await Promise.all(wires.map(lane));
  return count;
}

const REQ: string = JSON.stringify(["REQ", "bench", { kinds: [1], limit: REQ_LIMIT }]);
