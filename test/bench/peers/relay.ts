/** Our whole relay as a server process: settings as shipped, but for limits in a generator's way. */

import { parseConfig } from "../../../src/server/config.ts";
import { startRelay } from "../../../src/server/start.ts";
import type { Endpoint, Settings } from "../peer.ts";

/** `data`: a folder of its own; `settings`: of relay.config.json, for what is compared. */
export async function serveRelay(data: string, settings: Settings): Promise<Endpoint> {
  let crypto = "";
  const relay = await startRelay(parseConfig({ ...SETTINGS, ...settings }, { data }), {
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
