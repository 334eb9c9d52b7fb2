/** What a connection holds of the server's memory while it is open and silent. */

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../load.ts";
import { foreignPeer, type Role, startPeer } from "../peer.ts";
import type { BenchOptions, Case, Measures, OpenSuite, Suite } from "../suite.ts";
import { type Dial, dialer, dialMany, type Wire } from "../wire.ts";

/** 5,000 in a whole round. */
const CONNECTIONS_PER_MILLISECOND = 1;
/**
 * For so many that are measured, one is opened before and stays. By then a server's code, its pools
 * and its young generation have grown to what they will be, and that is none of a connection's memory.
 */
const FOR_EACH_BEFORE = 5;
/** Milliseconds after which a server has done all that the first ones gave it to do. */
const SETTLED = 300;

const RSS = "KB of memory (RSS) per connection";
const HEAP = "KB of heap and buffers per connection";

/** Who serves the connections, anew for each run: memory that was used once is seldom given back. */
interface Server {
  readonly column: string;
  open(): Promise<OpenServer>;
}

interface OpenServer {
  readonly dial: Dial;
  /** In bytes, once nothing is left to collect. */
  memory(): Promise<{ readonly resident?: number | undefined; readonly heap?: number }>;
  close(): Promise<void>;
}

export const idle: Suite = {
  name: "idle",
  title: "Memory of idle connections",
  milliseconds: 5000,
  warmUp: 1,
  async open(options): Promise<OpenSuite> {
    return {
      cases: serversFor(options).map(idleCase),
      notes: [
        "5,000 connections in a whole round beside 1,000 that are open already, each used for one short message first; a new process for each run; memory is measured after a collection",
        "npubwire: our relay, authenticated clients; npubwire plain: the same, unencrypted; ws, wss: servers that echo",
      ],
      async close() {},
    };
  },
};

function idleCase({ column, open }: Server): Case {
  return {
    row: "idle connection",
    column,
    unit: "connection",
    headline: RSS,
    peer: undefined,
    async run(milliseconds) {
      const count = Math.ceil(milliseconds * CONNECTIONS_PER_MILLISECOND);
      const server = await open();
      try {
        return { operations: count, measures: await measure(server, count) };
      } finally {
        await server.close();
      }
    },
  };
}

async function measure({ dial, memory }: OpenServer, count: number): Promise<Measures> {
  const first = await openUsed(dial, Math.ceil(count / FOR_EACH_BEFORE));
  await pause(SETTLED);
  const before = await memory();
  const wires = await openUsed(dial, count);
  const after = await memory();
  for (const wire of [...first, ...wires]) wire.cut();
  const each = (name: string, from = Number.NaN, to = Number.NaN): Measures =>
    Number.isNaN(to - from) ? {} : { [name]: (to - from) / 1024 / count };
  return { ...each(RSS, before.resident, after.resident), ...each(HEAP, before.heap, after.heap) };
}

/** Echo servers send it back; a relay answers in its own words. */
const SHORT_MESSAGE = `["REQ","idle",{"ids":["${"0".repeat(64)}"]}]`;

async function openUsed(dial: Dial, count: number): Promise<readonly Wire[]> {
  const wires = await dialMany(dial, count);
  await Promise.all(
    wires.map(
      (wire) =>
        new Promise<void>((resolve) => {
          wire.onText(() => resolve());
          wire.send(SHORT_MESSAGE);
        }),
    ),
  );
  for (const wire of wires) wire.send('["CLOSE","idle"]');
  return wires;
}

function serversFor(options: BenchOptions): readonly Server[] {
  const { url, pid, name } = options;
  if (url !== undefined) return [{ column: name ?? url, open: async () => foreign(url, pid) }];
  const relay = (column: string, isPlain: boolean): Server => ({
    column,
    async open() {
      const data = mkdtempSync(join(options.data, "npubwire-bench-run-"));
      const server = await ours({ type: "relay", data, settings: {} }, isPlain, options);
      return {
        ...server,
        async close() {
          await server.close();
          rmSync(data, { recursive: true });
        },
      };
    },
  });
  const echo = (type: "ws" | "wss"): Server => ({
    column: type,
    open: () => ours({ type, corked: false }, false, options),
  });
  return [relay("npubwire", false), relay("npubwire plain", true), echo("ws"), echo("wss")];
}

async function ours(role: Role, isPlain: boolean, options: BenchOptions): Promise<OpenServer> {
  const peer = await startPeer(role, options);
  const { plainUrl = "" } = peer.endpoint;
  return {
    dial: dialer(isPlain ? { url: plainUrl } : peer.endpoint),
    async memory() {
      const heap = await peer.heapBytes();
      return { heap, resident: peer.residentBytes() };
    },
    close: () => peer.stop(),
  };
}

function foreign(url: string, pid: number | undefined): OpenServer {
  const peer = foreignPeer(pid);
  return {
    dial: dialer({ url }),
    memory: async () => ({ resident: peer.residentBytes() }),
    async close() {},
  };
}
