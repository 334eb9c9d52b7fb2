/**
 * An http server that several share: each site has a path, and whoever listened there before gets
 * everything else. What nobody takes is answered with 404.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ConfigError } from "../config.ts";
import { refuseUpgrade } from "../door/upgrade.ts";

/** What answers at one path. */
export interface Site {
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
  request(request: IncomingMessage, response: ServerResponse): void;
  /** Whether an HTTP request is for this site even where others serve its path, too. */
  claims(request: IncomingMessage): boolean;
}

/**
 * Serves the site at `path` until the returned function is called. Listeners that the server has by
 * now see nothing of what the site takes; those that are added later see everything.
 * Throws a {@link ConfigError} when another site is there already.
 */
export function serveAt(server: Server, path: string, site: Site): () => void {
  const shared = sharedServers.get(server) ?? new SharedServer(server);
  shared.add(path, site);
  return () => shared.remove(path, site);
}

const sharedServers = new WeakMap<Server, SharedServer>();

type Listener = (this: Server, ...args: unknown[]) => void;
type Listeners = readonly Listener[];

class SharedServer {
  readonly #server: Server;
  readonly #sites = new Map<string, Site>();
  /** Who listened before; they hear what no site takes. */
  #requestListeners: Listeners = [];
  #upgradeListeners: Listeners = [];

  constructor(server: Server) {
    this.#server = server;
  }

  add(path: string, site: Site): void {
    if (this.#sites.has(path)) {
      throw new ConfigError([`path: something else is attached at ${path} of this server`]);
    }
    if (this.#sites.size === 0) this.#open();
    this.#sites.set(path, site);
  }

  remove(path: string, site: Site): void {
    if (this.#sites.get(path) !== site) return;
    this.#sites.delete(path);
    if (this.#sites.size === 0) this.#close();
  }

  #open(): void {
    sharedServers.set(this.#server, this);
    this.#requestListeners = takeOver(this.#server, "request");
    this.#upgradeListeners = takeOver(this.#server, "upgrade");
    this.#server.on("request", this.#onRequest);
    this.#server.on("upgrade", this.#onUpgrade);
  }

  #close(): void {
    sharedServers.delete(this.#server);
    this.#server.off("request", this.#onRequest);
    this.#server.off("upgrade", this.#onUpgrade);
    giveBack(this.#server, "request", this.#requestListeners);
    giveBack(this.#server, "upgrade", this.#upgradeListeners);
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const listeners = this.#requestListeners;
    const isAlone = listeners.length === 0 && this.#server.listenerCount("request") === 1;
    const site = this.#sites.get(pathOf(request));
    if (site && (isAlone || site.claims(request))) {
      site.request(request, response);
      return;
    }
    for (const listener of listeners) listener.call(this.#server, request, response);
    if (!isAlone) return;
    request.resume();
    response.writeHead(404, { "Content-Length": 0 }).end();
  };

  readonly #onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const site = this.#sites.get(pathOf(request));
    if (site) {
      site.upgrade(request, stream, head);
      return;
    }
    const listeners = this.#upgradeListeners;
    for (const listener of listeners) listener.call(this.#server, request, stream, head);
    if (listeners.length > 0 || this.#server.listenerCount("upgrade") > 1) return;
    stream.on("error", () => {}); // nobody else listens, and an unheard error ends the process
    refuseUpgrade(stream, 404);
  };
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?")[0] ?? "";
}

function takeOver(server: Server, event: "request" | "upgrade"): Listeners {
  const listeners = server.rawListeners(event) as Listener[];
  server.removeAllListeners(event);
  return listeners;
}

/** Those that were added meanwhile stay behind those that were there before. */
function giveBack(server: Server, event: "request" | "upgrade", earlier: Listeners): void {
  const later = takeOver(server, event);
  for (const listener of [...earlier, ...later]) server.on(event, listener);
}
