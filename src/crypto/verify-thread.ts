/** What a thread of the verify pool runs: records in, flags out, in order. */

import { parentPort } from "node:worker_threads";
import { createNodeCrypto } from "./node.ts";
import { verifyRecords } from "./verify-pool.ts";

const { verifySchnorr } = createNodeCrypto();

parentPort?.on("message", (records: Uint8Array) => {
  const flags = verifyRecords(records, verifySchnorr);
  parentPort?.postMessage(flags, [flags.buffer]);
});
