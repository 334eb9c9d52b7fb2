/** A process on one core that says how fast it runs there, each time it is asked; see `calm.ts`. */

import type { GaugeRequest } from "./calm.ts";

const SAMPLE: string = JSON.stringify({
  id: "a".repeat(64),
  tags: [
    ["p", "b".repeat(64)],
    ["e", "c".repeat(64)],
  ],
  content: "d".repeat(200),
});
/** Less than half a millisecond: what is measured on this core meanwhile must not suffer. */
const TURNS = 200;
const EVERY_MS = 100;

/** Until the engine has compiled it, it is twice as slow. */
const WARM_UP = 200;
for (let time = 0; time < WARM_UP; time++) speed();

const watched: number[] = [];
let timer: NodeJS.Timeout | undefined;

process.on("message", (request: GaugeRequest) => {
  clearInterval(timer);
  if (request === "now") process.send?.([Math.max(best(), best())]);
  else if (request === "watched") process.send?.(watched.splice(0));
  else timer = setInterval(() => watched.push(best()), EVERY_MS);
});
process.on("disconnect", () => process.exit());

/** The first look after others had the core finds its caches full of their things. */
function best(): number {
  return Math.max(speed(), speed());
}

/**
 * Turns per µs of CPU time. Branches and small objects, as in what is measured: a neighbour on the
 * same execution units makes these two fifths slower, and a plain loop or a hash hardly at all.
 */
function speed(): number {
  const before = process.cpuUsage();
  for (let turn = 0; turn < TURNS; turn++) JSON.stringify(JSON.parse(SAMPLE));
  const { user, system } = process.cpuUsage(before);
  return TURNS / (user + system);
}
