/** Server processes from the generator's side: start them on their core, ask for their CPU time. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BenchOptions, Peer } from "./suite.ts";

/** What a server process is to be: the argument of `peers/main.ts`. */
export type Role =
  | { readonly type: "ws" | "wss"; readonly corked: boolean }
  | { readonly type: "npubwire" }
  | { readonly type: "relay"; readonly data: string };

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
  stop(): Promise<void>;
}

export type Request = "cpu" | "stop";

export type Reply =
  | { readonly type: "ready"; readonly endpoint: Endpoint }
  | { readonly type: "cpu"; readonly micros: number };

/** Resolves once the process listens. */
export async function startPeer(
  role: Role,
  { cores, profile }: Pick<BenchOptions, "cores" | "profile">,
): Promise<StartedPeer> {
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const command = [process.execPath, ...flags, MAIN, JSON.stringify(role)];
  const [file = "", ...args] = cores ? ["taskset", "-c", `${cores.server}`, ...command] : command;
  const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ready = await nextReply(child);
  if (ready.type !== "ready") throw new Error("a server process spoke out of turn");
  return {
    endpoint: ready.endpoint,
    async cpu() {
      child.send("cpu" satisfies Request);
      const reply = await nextReply(child);
      return reply.type === "cpu" ? reply.micros : undefined;
    },
    async stop() {
      child.send("stop" satisfies Request);
      await once(child, "exit");
    },
  };
}

/** A process that somebody else started; its CPU time is known to 10 ms, and on Linux only. */
export function foreignPeer(pid: number | undefined): Peer {
  return {
    async cpu() {
      if (pid === undefined) return undefined;
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // proc(5): the name may hold anything; fields 14 and 15 are utime and stime, in ticks.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
    },
  };
}

const MAIN: string = fileURLToPath(new URL("./peers/main.js", import.meta.url));

/** USER_HZ is 100 on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

function nextReply(child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`a server process ended with code ${code}`));
    };
    child.once("exit", onExit);
    child.once("message", (reply) => {
      child.off("exit", onExit);
      // Our own process at the other end of a private pipe.
      resolve(reply as Reply);
    });
  });
}
