/** A SOCKS5 proxy (RFC 1928) that notes what it is asked for, and leads all of it to one port. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Scope } from "./setup.ts";

export interface SocksProxy {
  /** `socks5h://…` */
  readonly url: string;
  /** `host:port` of every request; names as names, addresses as addresses. */
  readonly asked: string[];
}

/** SOCKS replies. */
const SUCCEEDED = 0;
const HOST_UNREACHABLE = 4;

/** Leads every connection to `port` on this machine; without one, it refuses them all. */
export async function socksProxy(t: Scope, port?: number): Promise<SocksProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    void serve(client, port, asked);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `socks5h://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function serve(client: Socket, port: number | undefined, asked: string[]): Promise<void> {
  await once(client, "data"); // the methods it knows
  client.write(Buffer.from([5, 0]));
  const [request] = (await once(client, "data")) as [Buffer];
  asked.push(destination(request));
  const reply = (code: number): Buffer => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
  if (port === undefined) {
    client.end(reply(HOST_UNREACHABLE));
    return;
  }
  const relay = connect(port, "127.0.0.1");
  relay.on("error", () => client.destroy());
  client.on("close", () => relay.destroy());
  client.write(reply(SUCCEEDED));
  client.pipe(relay).pipe(client);
}

function destination(request: Buffer): string {
  const [type, length = 0] = [request[3], request[4]];
  const end = type === 3 ? 5 + length : type === 4 ? 20 : 8;
  const host = request.subarray(type === 3 ? 5 : 4, end);
  const name = type === 3 ? host.toString() : [...host].join(".");
  return `${name}:${request.readUInt16BE(end)}`;
}
