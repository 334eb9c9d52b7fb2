/** Gives a relay that runs already the events that it is asked for, once, if that is wanted. */

import { SignedEvents } from "./events/signed.ts";
import { publishUntil } from "./load.ts";
import { progress } from "./progress.ts";
import type { DialledRelay } from "./relays.ts";
import type { BenchOptions } from "./suite.ts";
import { dialMany } from "./wire.ts";

const BATCH = 1_000;
const CONNECTIONS = 8;
const WINDOW = 32;

/** The last `scale` events before event 0, oldest first; our own relays have them already. */
export async function giveEvents(
  relays: readonly DialledRelay[],
  options: BenchOptions,
): Promise<void> {
  const { url, fill, scale } = options;
  const [relay] = relays;
  if (url === undefined || !fill || !relay) return;
  const events = new SignedEvents(options, "stored");
  const wires = await dialMany(relay.dial, CONNECTIONS);
  for (let end = scale; end > 0; end -= BATCH) {
    const batch = [...events.messages(Math.max(0, end - BATCH), end)].reverse();
    await publishUntil(Number.POSITIVE_INFINITY, wires, batch, WINDOW);
    progress(`giving the relay its events: ${scale - end + batch.length} of ${scale}`);
  }
  for (const wire of wires) wire.cut();
  events.close();
}
