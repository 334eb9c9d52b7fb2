/** Whole connects: TCP, whatever the transport proves, the upgrade, and the first text answered. */

import type { Case, OpenSuite, Suite } from "../suite.ts";
import { openTransports } from "../transports.ts";
import type { Dial } from "../wire.ts";

/** Connects under way at any time. */
const LANES = 8;

/**
 * Before the first round, by count and not by time: until so many are through, the server's
 * compilers still work on what a connect runs, and the slower transport would be measured colder.
 */
const WARM_UP = 5_000;

export const connect: Suite = {
  name: "connect",
  title: "Handshakes: connect, prove, first text answered, cut",
  milliseconds: 1500,
  warmUp: 1,
  async open(options): Promise<OpenSuite> {
    const { transports, notes, close } = await openTransports(["ws", "wss", "npubwire"], options);
    return {
      cases: transports.map(
        ({ name, peer, dial }): Case => ({
          row: `connect, ${LANES} at a time`,
          column: name,
          unit: "handshake",
          peer,
          // How many go through in a second depends on the client even more.
          places: "all",
          prepare: onceWarm(() => connects(WARM_UP * options.dose, dial)),
          run: async (milliseconds) => ({
            operations: await connectFor(milliseconds, dial),
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

function onceWarm(warmUp: () => Promise<unknown>): () => Promise<void> {
  let isWarm = false;
  return async () => {
    if (!isWarm) await warmUp();
    isWarm = true;
  };
}

function connectFor(milliseconds: number, dial: Dial): Promise<number> {
  const end = performance.now() + milliseconds;
  return connectWhile(() => performance.now() < end, dial);
}

function connects(count: number, dial: Dial): Promise<number> {
  let begun = 0;
  return connectWhile(() => begun++ < count, dial);
}

/** Resolves with how many it were. */
async function connectWhile(goOn: () => boolean, dial: Dial): Promise<number> {
  let count = 0;
  const lane = async (): Promise<void> => {
    while (goOn()) {
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
