/** The command `npubwire` in processes of its own, as people run it. */

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Scope } from "./setup.ts";

const CLI = new URL("../../src/cli.js", import.meta.url).pathname;

/** What `npubwire relay --json` prints. */
export interface Announced {
  readonly npub: string;
  readonly address: string;
  readonly nprofile: string;
  readonly port: number;
}

/** A relay in a process of its own, killed after the test if it still runs. */
export async function relayProcess(
  t: Scope,
  data: string,
): Promise<{ readonly process: ChildProcess; readonly announced: Announced }> {
  const args = [CLI, "relay", "--host", "127.0.0.1", "--port", "0", "--data", data, "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { process: child, announced: JSON.parse(line) as Announced };
}

/** A gateway in a process of its own, on a free port; `home` is its NPUBWIRE_HOME. */
export async function gatewayProcess(
  t: Scope,
  home: string,
): Promise<{
  readonly process: ChildProcess;
  readonly announced: { readonly port: number; readonly relays: Readonly<Record<string, string>> };
}> {
  const child = commandProcess(["gateway", "--port", "0", "--json"], home);
  t.after(() => void child.kill("SIGKILL"));
  child.stderr.resume();
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { process: child, announced: JSON.parse(line) };
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one command to its end. `home` is its NPUBWIRE_HOME. */
export async function npubwire(
  args: readonly string[],
  input: string | Uint8Array = "",
  home?: string,
): Promise<Ended> {
  const child = commandProcess(args, home);
  child.stdin.end(input);
  return await ended(child);
}

/** Starts one command; who starts it writes to it and ends it. By default it knows no relays. */
export function commandProcess(
  args: readonly string[],
  home?: string,
): ChildProcessWithoutNullStreams {
  const folder = home ?? mkdtempSync(join(tmpdir(), "npubwire-home-"));
  const env = { ...process.env, NPUBWIRE_HOME: folder };
  const child = spawn(process.execPath, [CLI, ...args], { stdio: "pipe", env });
  if (home === undefined) {
    child.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  }
  child.stdin.on("error", () => {}); // a command that does not read may be gone already
  return child;
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  return { code, out, err };
}
