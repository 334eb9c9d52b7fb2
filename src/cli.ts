#!/usr/bin/env node
/** The command `npubwire`: arguments in, exit code out. The commands live in `cli/`. */

import { createInterface } from "node:readline";
import { OUTPUT_CLOSED } from "./cli/parts.ts";
import { run } from "./cli/program.ts";
import { secretKeySigner, secureWebSocket } from "./client.ts";
import { systemClock } from "./clock.ts";
import { createNodeCrypto } from "./crypto/node.ts";
import { startRelay } from "./index.ts";
import { VERSION } from "./server/version.ts";

const stop = new AbortController();
// Once: a second signal ends the process at once.
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
process.stdout.on("error", () => stop.abort(OUTPUT_CLOSED));
process.stderr.on("error", () => {});

process.exitCode = await run(process.argv.slice(2), {
  version: VERSION,
  crypto: createNodeCrypto(),
  clock: systemClock,
  environment: process.env,
  startRelay,
  dial: (address, key) => new (secureWebSocket({ signer: secretKeySigner(key) }))(address),
  input: process.stdin.isTTY ? undefined : lines(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  stop: stop.signal,
});
// Input that nobody reads any more must not keep the process.
process.stdin.destroy();

/** Opened on first use: only some commands read. */
async function* lines(): AsyncIterable<string> {
  yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}
