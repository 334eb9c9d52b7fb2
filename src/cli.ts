#!/usr/bin/env node
/** The command `npubwire`: arguments in, exit code out. The commands live in `cli/`. */

import { once } from "node:events";
import { join } from "node:path";
import { type HttpPost, type HttpReply, OUTPUT_CLOSED } from "./cli/parts.ts";
import { askPassword } from "./cli/password.ts";
import { run } from "./cli/program.ts";
import { secretKeySigner, secureWebSocket } from "./client.ts";
import { systemClock } from "./clock.ts";
import { createNodeCrypto } from "./crypto/node.ts";
import { startRelay, startSidecar } from "./index.ts";
import { hasDatabase, openDatabase, openRulings } from "./server/database.ts";
import { KnownRelaysFile } from "./server/dial/known-relays.ts";
import { startGateway } from "./server/gateway.ts";
import { userFolder } from "./server/keys/user-folder.ts";
import { VERSION } from "./server/version.ts";

const home = userFolder(process.env);
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
  startSidecar,
  dial: (address, key, proxy) =>
    new (secureWebSocket({ signer: secretKeySigner(key), proxy }))(address),
  startGateway,
  home,
  knownRelays: new KnownRelaysFile(join(home, "known_relays")),
  hasDatabase,
  openDatabase,
  openRulings,
  post,
  input: process.stdin.isTTY ? undefined : input(),
  askPassword: process.stdin.isTTY
    ? (question) => askPassword(question, { input: process.stdin, err: write, stop: stop.signal })
    : undefined,
  out: (text) => process.stdout.write(text),
  err: write,
  drained,
  terminal: { out: process.stdout.isTTY === true, err: process.stderr.isTTY === true },
  stop: stop.signal,
});
// Input that nobody reads any more must not keep the process.
process.stdin.destroy();

function write(text: string): void {
  process.stderr.write(text);
}

/** Opened on first use: only some commands read. */
async function* input(): AsyncIterable<Uint8Array> {
  yield* process.stdin;
}

async function post({ url, headers, body, timeout }: HttpPost): Promise<HttpReply> {
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(timeout * 1_000)]);
  // What is signed for one place must not be carried to another.
  const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
  return { status: response.status, body: await response.text() };
}

async function drained(): Promise<void> {
  if (!process.stdout.writableNeedDrain) return;
  // Closed output aborts `stop`, so this ends in every case.
  await once(process.stdout, "drain", { signal: stop.signal }).catch(() => {});
}
