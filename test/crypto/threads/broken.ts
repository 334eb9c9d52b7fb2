/** A thread that ends with an error when it is given work. */

import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => {
  throw new Error("broken on purpose");
});
