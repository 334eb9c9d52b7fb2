/** A thread with a libsecp256k1 of its own: it signs what it gets, and answers what it has loaded. */

import { parentPort } from "node:worker_threads";
import { createNodeCrypto } from "../../../src/crypto/node.ts";

const { name, signSchnorr } = createNodeCrypto({ schnorr: "system" });

parentPort?.on("message", ([message, secretKey]: [Uint8Array, Uint8Array]) => {
  parentPort?.postMessage([name, signSchnorr(message, secretKey)]);
});
