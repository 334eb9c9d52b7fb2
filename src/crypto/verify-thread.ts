/** What a thread of the verify pool runs: records in, flags out, in order. */

import { constants, getPriority, setPriority } from "node:os";
import { platform } from "node:process";
import { parentPort } from "node:worker_threads";
import { createNodeCrypto } from "./node.ts";
import { verifyRecords } from "./verify-pool.ts";

const { verifySchnorr } = createNodeCrypto();

stepBack();

parentPort?.on("message", (records: Uint8Array) => {
  const flags = verifyRecords(records, verifySchnorr);
  parentPort?.postMessage(flags, [flags.buffer]);
});

/**
 * Where cores are few, the others go first: nobody else can write to the database or listen to
 * clients, but what does not go on here is verified by the caller's thread, as the pool is full then.
 */
function stepBack(): void {
  // Elsewhere 0 is not this thread but the whole process.
  if (platform !== "linux") return;
  const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
  try {
    setPriority(0, Math.min(getPriority(0) + PRIORITY_BELOW_NORMAL, PRIORITY_LOW));
  } catch {
    // A sandbox may forbid it, and nothing depends on it.
  }
}
