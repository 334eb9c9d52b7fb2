/** What Linux tells of any process (proc(5)): its CPU time and its memory. */

import { readFileSync } from "node:fs";

/** User and system time of all threads, and of children that have ended, in µs. */
export function cpuMicrosOf(pid: number | undefined): number | undefined {
  const stat = read(pid, "stat");
  if (stat === undefined) return undefined;
  // The name may hold anything, parentheses too; fields 14 to 17 are the times, in ticks.
  const times = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15);
  return times.reduce((sum, ticks) => sum + Number(ticks), 0) * MICROS_PER_TICK;
}

/** The resident set. */
export function residentBytesOf(pid: number | undefined): number | undefined {
  const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(read(pid, "status") ?? "")?.[1];
  return kilobytes === undefined ? undefined : 1024 * Number(kilobytes);
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

function read(pid: number | undefined, file: string): string | undefined {
  if (pid === undefined) return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined; // no such process, or no such file on this system
  }
}
