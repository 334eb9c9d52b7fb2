/** Answers to upgrade requests that get no WebSocket: a status and nothing else (SPEC, "Opening"). */

import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** Sends the status with an empty body and closes. */
export function refuseUpgrade(stream: Duplex, status: number): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Length: 0",
  ];
  stream.once("finish", () => stream.destroy());
  stream.end(`${lines.join("\r\n")}\r\n\r\n`);
}
