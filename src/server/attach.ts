/** A relay at a path of an http server that is somebody else's. */

import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";
import { isPath } from "./config/values.ts";
import { ConfigError } from "./config.ts";
import type { EmbeddedRelay } from "./embedded-relay.ts";
import { serveAt } from "./http/shared-server.ts";
import type { Place } from "./places.ts";

export interface AttachOptions {
  /** Default: the `path` of the relay's configuration, which is `/`. */
  readonly path?: string;
}

/**
 * Opens the relay at one path of the server: to every WebSocket there, and to requests for its
 * NIP-11 document and its management. Everything else goes to the listeners that the server has by
 * now, so add yours first; without any, the relay answers the rest of its path, and 404 elsewhere.
 * The returned function detaches it; open connections live on. The server is never closed.
 * Throws a {@link ConfigError} when the path is none or is taken.
 */
export function attach(
  server: Server,
  relay: EmbeddedRelay,
  options: AttachOptions = {},
): () => void {
  const { path = relay.config.path } = options;
  if (!isPath(path)) {
    throw new ConfigError([
      'path: expected a path that starts with "/", without query or fragment',
    ]);
  }
  const leave = serveAt(server, path, relay.site);
  let forget = (): void => {};
  const onListening = (): void => {
    forget();
    const place = placeOf(server, path);
    if (place) forget = relay.places.add(place).remove;
  };
  if (server.listening) onListening();
  server.on("listening", onListening);
  return relay.untilClosed(() => {
    server.off("listening", onListening);
    forget();
    leave();
  });
}

/** `undefined` for a Unix socket, which no URL names. */
function placeOf(server: Server, path: string): Place | undefined {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return undefined;
  const [host = ""] = bound.address.split("%"); // no zone in a URL
  return { host, port: bound.port, path, tls: server instanceof TlsServer };
}
