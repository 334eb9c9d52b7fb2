/** Our whole relay as a server process: settings as shipped, but for limits in a generator's way. */

import { parseConfig } from "../../../src/server/config.ts";
import { startRelay } from "../../../src/server/start.ts";
import type { Endpoint } from "../peer.ts";

/** `data`: a folder of its own. The crypto that it chose is in its log. */
export async function serveRelay(data: string): Promise<Endpoint> {
  let crypto = "";
  const relay = await startRelay(parseConfig(SETTINGS, { data }), {
    log: (_level, _event, fields) => {
      crypto ||= String(fields?.["crypto"] ?? "");
    },
  });
  return { url: relay.address, plainUrl: `ws://127.0.0.1:${relay.port}`, crypto };
}

const SETTINGS = {
  host: "127.0.0.1",
  port: 0,
  plaintext: "allow",
  auth: "optional",
  connections: { maxPerAddress: 10_000 },
  handshake: { maxPendingPerAddress: 1_024, maxPerMinutePerAddress: 1_000_000 },
};
