/** Texts of 300 B and 4 KB over established connections, with nothing behind the transport. */

import { EVENT_BYTES } from "../events/series.ts";
import { fanRequest, payloadOf, pushRequest } from "../peers/answer.ts";
import type { Case, OpenSuite, Suite } from "../suite.ts";
import { openTransports } from "../transports.ts";
import type { Wire } from "../wire.ts";

const SIZES = [
  ["300 B", 300],
  ["4 KB", 4096],
] as const;

/** Connections that are used at once: one text each, and many texts each. */
const SLOW_WIRES = 32;
const FAST_WIRES = 8;
const FAN_WIRES = 100;
const WINDOW = 32;
/** As many as a REQ without a limit brings. */
const BURST = 500;

export const channel: Suite = {
  name: "channel",
  title: "Messages over established connections",
  milliseconds: 400,
  warmUp: 150,
  async open(options): Promise<OpenSuite> {
    const names = ["ws", "ws corked", "wss", "npubwire"] as const;
    const { transports, notes, close } = await openTransports(names, options);
    const dialled = await Promise.all(
      transports.map(async ({ name, peer, dial }) => {
        const wires = await Promise.all(Array.from({ length: FAN_WIRES }, dial));
        return { column: name, unit: "message", peer, wires };
      }),
    );
    const rows = SIZES.flatMap(([label, size]) =>
      ROWS.map(({ row, run }) => ({ row: `${label}: ${row}`, size, run })),
    );
    const cases = [...rows, ANSWER].flatMap(({ row, size, run }) =>
      dialled.map(
        ({ wires, ...others }): Case => ({
          ...others,
          row,
          run: async (milliseconds) => ({
            operations: await run(wires, size, performance.now() + milliseconds),
          }),
        }),
      ),
    );
    return {
      cases,
      notes: [
        ...notes,
        `round trips one at a time on ${SLOW_WIRES} connections, windows and pushes on ${FAST_WIRES}; both ends of a column write alike: one write a text (ws, wss), one a tick (ws corked, npubwire)`,
        "wss: TLS 1.3, AES-256-GCM; npubwire: the channel of src/channel on both ends",
      ],
      async close() {
        for (const { wires } of dialled) for (const wire of wires) wire.cut();
        await close();
      },
    };
  },
};

interface Row {
  readonly row: string;
  /** Runs until `end`, in milliseconds of `performance.now()`. */
  run(wires: readonly Wire[], size: number, end: number): Promise<number>;
}

const ROWS: readonly Row[] = [
  {
    row: "round trip, one at a time",
    run: (wires, size, end) => echo(wires.slice(0, SLOW_WIRES), payloadOf(size), 1, end),
  },
  {
    row: `round trip, window ${WINDOW}`,
    run: (wires, size, end) => echo(wires.slice(0, FAST_WIRES), payloadOf(size), WINDOW, end),
  },
  {
    row: `push of ${BURST}`,
    run: (wires, size, end) => push(wires.slice(0, FAST_WIRES), size, end),
  },
  { row: `one to each of ${FAN_WIRES} connections`, run: fan },
];

/** As a relay sends it: in the column ws, one write an event. */
const ANSWER = {
  row: `an answer to REQ: ${BURST} events of ${EVENT_BYTES} B`,
  size: EVENT_BYTES + '["EVENT","sub",]'.length,
  run: (wires: readonly Wire[], size: number, end: number): Promise<number> =>
    push(wires.slice(0, FAST_WIRES), size, end),
};

/** Keeps `window` texts under way on every connection. */
async function echo(
  wires: readonly Wire[],
  text: string,
  window: number,
  end: number,
): Promise<number> {
  let count = 0;
  const lane = (wire: Wire): Promise<void> =>
    new Promise((resolve) => {
      let underWay = window;
      wire.onText(() => {
        count++;
        if (performance.now() < end) wire.send(text);
        else if (--underWay === 0) resolve();
      });
      for (let sent = 0; sent < window; sent++) wire.send(text);
    });
  await Promise.all(wires.map(lane));
  return count;
}

/** Asks for a burst on every connection, and for the next when it is there. */
async function push(wires: readonly Wire[], size: number, end: number): Promise<number> {
  let count = 0;
  const lane = (wire: Wire): Promise<void> =>
    new Promise((resolve) => {
      let missing = BURST;
      wire.onText(() => {
        count++;
        if (--missing > 0) return;
        missing = BURST;
        if (performance.now() < end) wire.send(pushRequest(BURST, size));
        else resolve();
      });
      wire.send(pushRequest(BURST, size));
    });
  await Promise.all(wires.map(lane));
  return count;
}

/** Asks for one text on every connection, and again when all are there. */
function fan(wires: readonly Wire[], size: number, end: number): Promise<number> {
  return new Promise((resolve) => {
    const [first] = wires;
    let count = 0;
    const receive = (): void => {
      if (++count % wires.length > 0) return;
      if (performance.now() < end) first?.send(fanRequest(size));
      else resolve(count);
    };
    for (const wire of wires) wire.onText(receive);
    first?.send(fanRequest(size));
  });
}
