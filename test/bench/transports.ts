/** The transports that are compared: an echo server in a process of its own, and how to dial it. */

import { type Role, startPeer } from "./peer.ts";
import type { BenchOptions, Peer } from "./suite.ts";
import { type Dial, dialer } from "./wire.ts";

export type TransportName = "ws" | "ws corked" | "wss" | "npubwire";

export interface Transport {
  /** Heads the column. */
  readonly name: TransportName;
  readonly peer: Peer;
  readonly dial: Dial;
}

export interface OpenTransports {
  readonly transports: readonly Transport[];
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export async function openTransports(
  names: readonly TransportName[],
  options: BenchOptions,
): Promise<OpenTransports> {
  const peers = await Promise.all(names.map((name) => startPeer(ROLES[name], options)));
  const cryptos = new Set(peers.flatMap(({ endpoint }) => endpoint.crypto ?? []));
  return {
    transports: names.flatMap((name, index) => {
      const peer = peers[index];
      return peer ? [{ name, peer, dial: dialer(peer.endpoint, name === "ws corked") }] : [];
    }),
    notes: [`peer: echo servers of this process's Node, npubwire on ${[...cryptos].join(", ")}`],
    async close() {
      await Promise.all(peers.map((peer) => peer.stop()));
    },
  };
}

const ROLES: Readonly<Record<TransportName, Role>> = {
  ws: { type: "ws", corked: false },
  "ws corked": { type: "ws", corked: true },
  wss: { type: "wss", corked: false },
  npubwire: { type: "npubwire" },
};
