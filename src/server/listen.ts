/** A relay on an http server of its own. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RelayConfig } from "./config.ts";
import type { EmbeddedRelay, Exit } from "./embedded-relay.ts";
import { serveAt } from "./http/shared-server.ts";

export interface ListenOptions {
  /** Default: the `host` of the relay's configuration, which is `0.0.0.0`. */
  readonly host?: string;
  /** 0 takes a free one. Default: the `port` of the relay's configuration, which is 7777. */
  readonly port?: number;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** `nostr+ws://npub1…@host:port/path`, or the first of the configured addresses. */
  readonly address: string;
  /** NIP-19, with all of them. */
  readonly nprofile: string;
}

const SECOND = 1_000;

/**
 * Serves the relay at its configured path, until it is closed. Rejects with the system's error
 * when the port cannot be had, and with a ConfigError when no URL can be made of the host.
 */
export async function listen(
  relay: EmbeddedRelay,
  options: ListenOptions = {},
): Promise<Listening> {
  const { listening, close } = await open(relay, options);
  relay.untilClosed(close);
  return listening;
}

/** The same for whatever answers at a relay's URL; `close` lets connections drain. */
export async function open(
  { config, site, places }: Pick<EmbeddedRelay, "config" | "site" | "places">,
  options: ListenOptions = {},
): Promise<{ readonly listening: Listening; readonly close: Exit }> {
  const { host = config.host, port = config.port } = options;
  const { path } = config;
  const server = httpServer(config);
  const bound = await bind(server, host, port);
  try {
    const leave = serveAt(server, path, site);
    const { announcement, remove } = places.add({ host, port: bound, path, tls: false });
    const { address, nprofile } = announcement;
    return {
      listening: { host, port: bound, address, nprofile },
      async close(drained) {
        remove();
        leave();
        await close(server, drained);
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

function httpServer({ handshake, connections }: RelayConfig): Server {
  const server = createServer({
    headersTimeout: handshake.deadlineSeconds * SECOND,
    requestTimeout: handshake.deadlineSeconds * SECOND,
    connectionsCheckingInterval: SECOND,
  });
  server.maxConnections = connections.max;
  return server;
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function close(server: Server, drained: Promise<void>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  await drained;
  server.closeIdleConnections();
  await closed;
}
