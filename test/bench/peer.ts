/** Server processes from the generator's side: start them on their core, ask what they use. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onCores } from "./machine.ts";
import { cpuMicrosOf, residentBytesOf } from "./proc.ts";
import type { BenchOptions, Peer } from "./suite.ts";

/** What a server process is to be: the argument of `peers/main.ts`. */
export type Role =
  | { readonly type: "ws" | "wss"; readonly corked: boolean }
  | { readonly type: "npubwire" }
  | { readonly type: "relay"; readonly data: string; readonly settings: Settings }
  | { readonly type: "@nostr-relay/core"; readonly data: string };

/** Of the relay's configuration, beside what every benchmark sets. */
export type Settings = Readonly<Record<string, unknown>>;

/** Where a server process listens, and what a client must know of it. */
export interface Endpoint {
  /** `ws://`, `wss://` or `nostr+ws://npub1…@`. */
  readonly url: string;
  /** For `wss://`: the certificate to trust, PEM. */
  readonly certificate?: string;
  /** The same relay in the plain, where it takes that. */
  readonly plainUrl?: string;
  /** Which cryptography it runs on. */
  readonly crypto?: string;
}

export interface StartedPeer extends Peer {
  readonly endpoint: Endpoint;
  /** What its JavaScript holds after a collection, and buffers outside the heap, in bytes. */
  heapBytes(): Promise<number>;
  stop(): Promise<void>;
}

export type Request = "cpu" | "heap" | "stop";

export type Reply =
  | { readonly type: "ready"; readonly endpoint: Endpoint }
  | { readonly type: "cpu"; readonly micros: number }
  | { readonly type: "heap"; readonly bytes: number };

/** Resolves once the process listens. */
export async function startPeer(
  role: Role,
  { cores, profile }: Pick<BenchOptions, "cores" | "profile">,
  which: "server" | "all" = "server",
): Promise<StartedPeer> {
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const command = [process.execPath, ...flags, MAIN, JSON.stringify(role)];
  const [file, args] = onCores(command, cores && (which === "server" ? [cores.server] : cores.all));
  const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ready = (await nextReply(child)) as Reply;
  if (ready.type !== "ready") throw new Error("a server process spoke out of turn");
  const ask = (request: Request): Promise<Reply> => {
    child.send(request);
    return nextReply(child) as Promise<Reply>;
  };
  return {
    endpoint: ready.endpoint,
    async cpu() {
      const reply = await ask("cpu");
      return reply.type === "cpu" ? reply.micros : undefined;
    },
    async heapBytes() {
      const reply = await ask("heap");
      return reply.type === "heap" ? reply.bytes : Number.NaN;
    },
    // taskset becomes what it starts, so this is the server itself.
    residentBytes: () => residentBytesOf(child.pid),
    async stop() {
      child.send("stop" satisfies Request);
      await once(child, "exit");
    },
  };
}

/** A process that somebody else started; its CPU time is known to 10 ms, and on Linux only. */
export function foreignPeer(pid: number | undefined): Peer {
  return {
    cpu: async () => cpuMicrosOf(pid),
    residentBytes: () => residentBytesOf(pid),
  };
}

const MAIN: string = fileURLToPath(new URL("./peers/main.js", import.meta.url));

/** What our own process at the other end of a private pipe says next; rejects if it ends instead. */
export function nextReply(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`a process of the bench ended with code ${code}`));
    };
    child.once("exit", onExit);
    child.once("message", (reply) => {
      child.off("exit", onExit);
      resolve(reply);
    });
  });
}
