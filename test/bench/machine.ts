/** The machine under the figures, and who gets which of its cores. */

import { spawnSync } from "node:child_process";
import { openSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly openssl: string | undefined;
  readonly kernel: string;
  /** Load average of the minute before: what else the machine was busy with. */
  readonly load: number;
  /** What processes run on, such as `server on core 0, generator on core 1`. */
  readonly pinning: string;
}

/** A core for the server processes and another for the generator; `undefined`: nothing is pinned. */
export interface Cores {
  readonly server: number;
  readonly generator: number;
  /** Every core that the bench may use. */
  readonly all: readonly number[];
}

/** What starts a command on these cores; without any, the command itself. */
export function onCores(
  command: readonly string[],
  cores: readonly number[] | undefined,
): readonly [file: string, args: readonly string[]] {
  const [file = "", ...args] = command;
  return cores ? ["taskset", ["-c", cores.join(","), ...command]] : [file, args];
}

/** Looks for two cores that this process may use, and moves it to the second. */
export function pinGenerator(): Cores | undefined {
  const all = allowedCores();
  const [server, generator] = all;
  if (server === undefined || generator === undefined) return undefined;
  const cores = { server, generator, all };
  return placeGenerator(cores, "generator") ? cores : undefined;
}

/** Moves this process to its own core, or lets it run on any; whether that could be done. */
export function placeGenerator(cores: Cores, which: "generator" | "all"): boolean {
  const list = which === "generator" ? [cores.generator] : cores.all;
  return taskset("-acp", list.join(","), `${process.pid}`).status === 0;
}

/**
 * Lets idle cores poll as long as this process lives, if it may (Linux, PM QoS; needs root): to wake
 * one up takes time, and a virtual one that sleeps loses its place on the host. Whether it does.
 */
export function keepAwake(): boolean {
  try {
    // Not "w", which would make a file of that name where there is no such device.
    writeSync(openSync("/dev/cpu_dma_latency", "r+"), new Int32Array([0]));
    return true;
  } catch {
    return false;
  }
}

export function describeMachine(cores: Cores | undefined, isAwake: boolean): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    openssl: process.versions["openssl"],
    kernel: release(),
    load: loadavg()[0] ?? 0,
    pinning: [
      cores
        ? `server processes on core ${cores.server}, generator on core ${cores.generator}`
        : "nothing pinned (no taskset, or one core only)",
      ...(isAwake ? ["idle cores poll"] : []),
    ].join(", "),
  };
}

const TMPFS = 0x01021994;

/** Whether a folder is in memory only, where a sync costs nothing. */
export function isInMemory(folder: string): boolean {
  return statfsSync(folder).type === TMPFS;
}

/** From `pid 1's current affinity list: 0,2-3`. */
function allowedCores(): readonly number[] {
  const { status, stdout } = taskset("-cp", `${process.pid}`);
  if (status !== 0) return [];
  const list = stdout.slice(stdout.lastIndexOf(":") + 1).trim();
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function taskset(...flags: readonly string[]): { status: number | null; stdout: string } {
  return spawnSync("taskset", flags, { encoding: "utf8" });
}
