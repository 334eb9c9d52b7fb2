/** Whole connects: TCP, whatever the transport proves, the upgrade, and the first text answered. */

import type { Case, OpenSuite, Suite } from "../suite.ts";
import { openTransports } from "../transports.ts";
import type { Dial } from "../wire.ts";

/** Connects under way at any time. */
const LANES = 8;

export const connect: Suite = {
  name: "connect",
  title: "Handshakes: connect, prove, first text answered, cut",
  milliseconds: 1500,
  warmUp: 3000,
  async open(options): Promise<OpenSuite> {
    const { transports, notes, close } = await openTransports(["ws", "wss", "npubwire"], options);
    return {
      cases: transports.map(
        ({ name, peer, dial }): Case => ({
          row: `connect, ${LANES} at a time`,
          column: name,
          unit: "handshake",
          peer,
          run: async (milliseconds) => ({
            operations: await connectUntil(performance.now() + milliseconds, dial),
          }),
        }),
      ),
      notes: [
        ...notes,
        "wss: full TLS 1.3 handshakes with an ECDSA P-256 certificate, no resumption; npubwire: the relay's own front, auth event with a fresh key verified",
      ],
      close,
    };
  },
};

async function connectUntil(end: number, dial: Dial): Promise<number> {
  let count = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const wire = await dial();
      await new Promise<void>((resolve) => {
        wire.onText(() => resolve());
        wire.send("[]");
      });
      wire.cut();
      count++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return count;
}
