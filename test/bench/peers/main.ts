/** A server process: takes its role from the command line, serves, reports its CPU time over IPC. */

import type { Reply, Request, Role } from "../peer.ts";
import { serveSecure, serveWebSocket } from "./echo.ts";
import { serveRelay } from "./relay.ts";

const role = JSON.parse(process.argv[2] ?? "") as Role;

const endpoint = await serve(role);
tell({ type: "ready", endpoint });

process.on("message", (request: Request) => {
  if (request === "stop") process.exit();
  const { user, system } = process.cpuUsage();
  tell({ type: "cpu", micros: user + system });
});
// The generator is gone: nobody is left to stop us.
process.on("disconnect", () => process.exit());

function serve(role: Role) {
  switch (role.type) {
    case "relay":
      return serveRelay(role.data);
    case "npubwire":
      return serveSecure();
    default:
      return serveWebSocket(role.type === "wss", role.corked);
  }
}

function tell(reply: Reply): void {
  process.send?.(reply);
}
