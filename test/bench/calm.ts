/**
 * Whether the cores are all ours. On a shared machine somebody else may run on the other thread of
 * a core: then it is a third slower, for a tenth of a second or for minutes, and no figure of the
 * system says so. So a round waits until its cores run as fast as they can, and is measured again if
 * they did not all the time. What the round itself measured has no part in that.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Cores, onCores } from "./machine.ts";
import { nextReply } from "./peer.ts";

/** The cores that a figure depends on. */
export type Places = "server" | "all";

/** A gauge at each core: its speeds, in any unit; those of the server's core come first. */
export interface Gauges {
  now(): Promise<readonly (readonly number[])[]>;
  /** Measures ten times a second from now on. */
  watch(): void;
  /** Ends that, and says what was measured. */
  watched(): Promise<readonly (readonly number[])[]>;
  close(): void;
}

export type GaugeRequest = "now" | "watch" | "watched";

/** Waits for calm as long as patience lasts, and says whether there was any. */
export class Calm {
  readonly #gauges: Gauges;
  readonly #clock: () => number;
  #fastest = 0;
  #patience = 0;

  constructor(gauges: Gauges, clock: () => number = () => performance.now()) {
    this.#gauges = gauges;
    this.#clock = clock;
  }

  /** Gives so many milliseconds for waiting and for rounds that must be measured again. */
  encourage(milliseconds: number): void {
    this.#patience = milliseconds;
  }

  get isPatient(): boolean {
    return this.#patience > 0;
  }

  /** Takes off what a round has cost that does not count. */
  regret(milliseconds: number): void {
    this.#patience -= milliseconds;
  }

  /** Resolves once these cores run as fast as they can, or when there is no patience left. */
  async comes(places: Places): Promise<void> {
    let before = this.#clock();
    while (!this.#areFast(await this.#gauges.now(), places) && this.isPatient) {
      const now = this.#clock();
      this.regret(now - before);
      before = now;
    }
    this.#gauges.watch();
  }

  /** Whether these cores have been as fast ever since. */
  async lasted(places: Places): Promise<boolean> {
    return this.#areFast(await this.#gauges.watched(), places);
  }

  close(): void {
    this.#gauges.close();
  }

  #areFast(speeds: readonly (readonly number[])[], places: Places): boolean {
    this.#fastest = Math.max(this.#fastest, ...speeds.flat());
    const enough = NEARLY * this.#fastest;
    return speeds.slice(0, places === "server" ? 1 : undefined).every((ofCore) => {
      const fast = ofCore.filter((speed) => speed >= enough).length;
      return fast >= MOST * ofCore.length;
    });
  }
}

/** A neighbour costs two fifths of the speed; what is measured on the same core, a tenth. */
const NEARLY = 0.75;
/** Of the time. */
const MOST = 0.8;

/** Starts a gauge at the core of the server and another at that of the generator. */
export async function startGauges({ server, generator }: Cores): Promise<Gauges> {
  const gauges = [server, generator].map((core) => {
    const [file, args] = onCores([process.execPath, GAUGE], [core]);
    return spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  });
  const askAll = (request: GaugeRequest): Promise<readonly (readonly number[])[]> =>
    Promise.all(gauges.map((gauge) => ask(gauge, request)));
  // They answer once they are warm.
  await askAll("now");
  return {
    now: () => askAll("now"),
    watch() {
      for (const gauge of gauges) gauge.send("watch" satisfies GaugeRequest);
    },
    watched: () => askAll("watched"),
    close() {
      for (const gauge of gauges) gauge.disconnect();
    },
  };
}

const GAUGE: string = fileURLToPath(new URL("./gauge.js", import.meta.url));

function ask(gauge: ChildProcess, request: GaugeRequest): Promise<readonly number[]> {
  gauge.send(request);
  return nextReply(gauge) as Promise<readonly number[]>;
}
