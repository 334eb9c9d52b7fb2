/** A slow network: a TCP proxy that holds back every byte, and counts round trips. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Scope } from "./setup.ts";

export interface SlowLine {
  readonly port: number;
  /** How often the client has waited for an answer: first for the connection, then for bytes. */
  roundTrips(): number;
}

/** Leads to `port`, each way in `delay` milliseconds; connecting takes a round trip as well. */
export async function slowLine(t: Scope, port: number, delay: number): Promise<SlowLine> {
  let roundTrips = 0;
  let speaker: "client" | "relay" = "client";
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, async (client) => {
    const relay = connect(port, "127.0.0.1");
    sockets.push(client, relay);
    for (const socket of [client, relay]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    // On the loopback nobody waits for SYN and SYN-ACK; what follows is held back instead.
    await pause(2 * delay);
    roundTrips += 1;
    relay.on("data", (bytes) => {
      if (speaker === "client") roundTrips += 1;
      speaker = "relay";
      void pause(delay).then(() => client.write(bytes));
    });
    client.on("data", (bytes) => {
      speaker = "client";
      void pause(delay).then(() => relay.write(bytes));
    });
    client.resume();
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, roundTrips: () => roundTrips };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
