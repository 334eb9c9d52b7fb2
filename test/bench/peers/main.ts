/** A server process: takes its role from the command line, serves, reports what it uses over IPC. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Endpoint, Reply, Request, Role } from "../peer.ts";
import { serveSecure, serveWebSocket } from "./echo.ts";
import { serveRelay } from "./relay.ts";

const role = JSON.parse(process.argv[2] ?? "") as Role;

const endpoint = await serve(role);
tell({ type: "ready", endpoint });

process.on("message", (request: Request) => {
  if (request === "stop") process.exit();
  if (request === "heap") tell({ type: "heap", bytes: heapBytes() });
  else {
    const { user, system } = process.cpuUsage();
    tell({ type: "cpu", micros: user + system });
  }
});
// The generator is gone: nobody is left to stop us.
process.on("disconnect", () => process.exit());

async function serve(role: Role): Promise<Endpoint> {
  switch (role.type) {
    case "relay":
      return serveRelay(role.data, role.settings);
    case "@nostr-relay/core": {
      // Not loaded where it is not measured.
      const { serveNostrRelay } = await import("./nostr-relay.js");
      return serveNostrRelay(role.data);
    }
    case "npubwire":
      return serveSecure();
    default:
      return serveWebSocket(role.type === "wss", role.corked);
  }
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What finalizers let go is found by the second one.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function tell(reply: Reply): void {
  process.send?.(reply);
}
