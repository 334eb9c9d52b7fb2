/** The relays that a suite compares: ours in several settings, others, or one that runs already. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fillDatabase } from "./events/database.ts";
import { keptFolder } from "./events/kept.ts";
import { EventCursor, type SignedEvents } from "./events/signed.ts";
import { isInMemory } from "./machine.ts";
import { foreignPeer, type Settings, type StartedPeer, startPeer } from "./peer.ts";
import type { BenchOptions, Peer } from "./suite.ts";
import { type Dial, dialer } from "./wire.ts";

/** A relay as it is dialled for one column. */
export interface DialledRelay {
  readonly column: string;
  readonly peer: Peer;
  readonly dial: Dial;
  /** Events that it has not seen. Columns of one relay share it. */
  readonly events: EventCursor;
  /** The folder of its database, where that is ours to know. */
  readonly data: string | undefined;
}

export interface OpenRelays {
  readonly relays: readonly DialledRelay[];
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** One relay process of ours. */
export interface Setup {
  /** What sets it apart, added to the name of its columns; "" for the relay as shipped. */
  readonly label: string;
  readonly settings: Settings;
  /** Which cores it gets; the server's one unless said otherwise. */
  readonly cores?: "server" | "all";
  /** How many events are there already; as many as for all setups unless said otherwise. */
  readonly stored?: number;
}

export const AS_SHIPPED: Setup = { label: "", settings: {} };

export interface Wanted {
  readonly setups: readonly Setup[];
  /** How many events are there already. */
  readonly stored: number;
}

/** Each of our relays makes two columns, encrypted and plain; with a URL, that relay alone is one. */
export async function openRelays(
  { setups, stored }: Wanted,
  events: SignedEvents,
  options: BenchOptions,
): Promise<OpenRelays> {
  if (options.url !== undefined) return openForeign(options.url, options, events);
  const folder = mkdtempSync(join(options.data, "npubwire-bench-run-"));
  const peers: StartedPeer[] = [];
  const relays: DialledRelay[] = [];
  for (const [index, setup] of setups.entries()) {
    const data = await databaseFolder(join(folder, `${index}`), setup.stored ?? stored, options);
    const role = { type: "relay", data, settings: setup.settings } as const;
    const peer = await startPeer(role, options, setup.cores);
    peers.push(peer);
    relays.push(...bothWays(setup.label, peer, { data, events: new EventCursor(events) }));
  }
  if (options.peers) {
    const data = await databaseFolder(join(folder, "peer"), stored, options);
    const peer = await startPeer({ type: NOSTR_RELAY, data }, options);
    peers.push(peer);
    const dial = dialer(peer.endpoint);
    relays.push({ column: NOSTR_RELAY, peer, dial, data, events: new EventCursor(events) });
  }
  return {
    relays,
    notes: notesOf(peers, folder, options),
    async close() {
      await Promise.all(peers.map((peer) => peer.stop()));
      rmSync(folder, { recursive: true });
    },
  };
}

const NOSTR_RELAY = "@nostr-relay/core";

function bothWays(
  label: string,
  peer: StartedPeer,
  shared: Pick<DialledRelay, "data" | "events">,
): readonly DialledRelay[] {
  const { plainUrl = "" } = peer.endpoint;
  return [
    { ...shared, column: `npubwire${label}`, peer, dial: dialer(peer.endpoint) },
    { ...shared, column: `npubwire plain${label}`, peer, dial: dialer({ url: plainUrl }) },
  ];
}

function openForeign(url: string, options: BenchOptions, signed: SignedEvents): OpenRelays {
  const peer = foreignPeer(options.pid);
  const column = options.name ?? url.replace(/npub1[^@]*@/, "");
  const memory = `sent-${options.seed}-${encodeURIComponent(url)}`;
  const events = new EventCursor(signed, join(keptFolder(options.data), memory));
  return {
    relays: [{ column, peer, dial: dialer({ url }), events, data: undefined }],
    notes: [`${column}: the relay at ${url}, whose durability and core are its own affair`],
    async close() {},
  };
}

async function databaseFolder(
  folder: string,
  stored: number,
  options: BenchOptions,
): Promise<string> {
  if (stored > 0) await fillDatabase(folder, stored, options);
  else mkdirSync(folder, { recursive: true });
  return folder;
}

function notesOf(
  peers: readonly StartedPeer[],
  folder: string,
  { peers: hasOthers }: BenchOptions,
): readonly string[] {
  const place = isInMemory(folder) ? "in memory, so nothing is durable" : "on disk";
  return [
    `npubwire: encrypted; npubwire plain: the same process, unencrypted; ${peers[0]?.endpoint.crypto ?? ""}`,
    `durability: OK after commit to SQLite, WAL, synchronous=FULL, ${place}`,
    ...(hasOthers ? [`${NOSTR_RELAY}: over ws, with our SQLite store as its repository`] : []),
  ];
}
