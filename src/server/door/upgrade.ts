/** WebSocket upgrade requests: which are any, and how those are refused that get none. */

import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Whether the request can become a WebSocket (RFC 6455, section 4.2.1). */
export function isWebSocketUpgrade({ method, headers }: IncomingMessage): boolean {
  return (
    method === "GET" &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" &&
    WEBSOCKET_KEY.test(headers["sec-websocket-key"] ?? "")
  );
}

/** Sends the status with an empty body (SPEC, "Opening") and closes. */
export function refuseUpgrade(stream: Duplex, status: number): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Length: 0",
  ];
  stream.once("finish", () => stream.destroy());
  stream.end(`${lines.join("\r\n")}\r\n\r\n`);
}
