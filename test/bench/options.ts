/** The command line of the bench. */

import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import type { BenchOptions } from "./suite.ts";

export const USAGE = `npm run bench -- [options]
  --suite NAME   only this suite (may be given again)
  --row TEXT     only rows whose name holds this
  --quick        one short round: whether it works, not how fast
  --url ADDRESS  suite "relay" against a relay that runs already (nostr+ws://npub1…@, ws://, wss://)
  --pid PID      that relay's process on this machine, for its CPU time (Linux)
  --data FOLDER  where our relays keep their events (default: the system's folder for such)
  --profile DIR  write CPU profiles of the server processes
  --results NAME also write test/bench/results/NAME.jsonl and NAME.md
`;

export interface CommandLine extends Omit<BenchOptions, "cores"> {
  readonly results: string | undefined;
  readonly help: boolean;
}

/** Throws a TypeError for what it does not know. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      suite: { type: "string", multiple: true, default: [] },
      row: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      url: { type: "string" },
      pid: { type: "string" },
      data: { type: "string", default: tmpdir() },
      profile: { type: "string" },
      results: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    suites: values.url === undefined ? values.suite : ["relay"],
    row: values.row,
    rounds: values.quick ? 1 : 3,
    scale: values.quick ? QUICK_SCALE : 1,
    url: values.url,
    pid: values.pid === undefined ? undefined : Number(values.pid),
    data: values.data,
    profile: values.profile,
    results: values.results,
    help: values.help,
  };
}

const QUICK_SCALE = 0.25;
