/** What the generator does to a relay: publish, ask, and keep to a pace. */

import type { Wire } from "./wire.ts";

/**
 * Publishes with `window` events under way on each connection until the time is over or the events
 * are. Resolves to how many were published; each was answered by OK true.
 */
export async function publishUntil(
  end: number,
  wires: readonly Wire[],
  events: readonly string[],
  window: number,
): Promise<number> {
  let next = 0;
  const lane = (wire: Wire): Promise<void> =>
    new Promise((resolve, reject) => {
      let underWay = 0;
      const send = (): void => {
        const event = performance.now() < end ? events[next] : undefined;
        if (event === undefined) return;
        next++;
        underWay++;
        wire.send(event);
      };
      wire.onText((text) => {
        if (!text.startsWith('["OK"')) return;
        if (!isStored(text)) reject(notStored(text));
        underWay--;
        send();
        if (underWay === 0) resolve();
      });
      for (let sent = 0; sent < window; sent++) send();
      if (underWay === 0) resolve();
    });
  await Promise.all(wires.map(lane));
  return next;
}

/** Whether an OK says that the event is there now and was not before. */
export function isStored(ok: string): boolean {
  return ok.includes(",true,") && !ok.includes('"duplicate:');
}

export function notStored(ok: string): Error {
  return new Error(
    `the relay did not store an event: ${ok}; --seed makes events that it has not seen`,
  );
}

export interface Asked {
  readonly requests: number;
  readonly events: number;
  /** From sending each request to its EOSE. */
  readonly milliseconds: readonly number[];
}

/** One request at a time on each connection, until the time is over. `nextFilter`: JSON. */
export async function requestUntil(
  end: number,
  wires: readonly Wire[],
  nextFilter: () => string,
): Promise<Asked> {
  const milliseconds: number[] = [];
  let events = 0;
  const lane = (wire: Wire): Promise<void> =>
    new Promise((resolve, reject) => {
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        wire.send(`["REQ","bench",${nextFilter()}]`);
      };
      wire.onText((text) => {
        if (text.startsWith('["EVENT"')) events++;
        if (text.startsWith('["CLOSED"')) reject(new Error(`the relay refused: ${text}`));
        if (!text.startsWith('["EOSE"')) return;
        milliseconds.push(performance.now() - sentAt);
        wire.send('["CLOSE","bench"]');
        if (performance.now() < end) send();
        else resolve();
      });
      send();
    });
  await Promise.all(wires.map(lane));
  return { requests: milliseconds.length, events, milliseconds };
}

/**
 * Asks at a fixed rate, whatever the answers take, taking turns among the connections. A request
 * counts from when it was due, so that a relay that stalls is not spared the requests meanwhile.
 */
export async function requestAtPace(
  isOver: () => boolean,
  wires: readonly Wire[],
  perSecond: number,
  nextFilter: () => string,
): Promise<Asked> {
  const milliseconds: number[] = [];
  const dueAt = new Map<string, number>();
  let [events, sent] = [0, 0];
  for (const wire of wires) {
    wire.onText((text) => {
      if (text.startsWith('["EVENT"')) events++;
      if (!text.startsWith('["EOSE"')) return;
      const id = text.slice('["EOSE","'.length, text.indexOf('"', '["EOSE","'.length));
      milliseconds.push(performance.now() - (dueAt.get(id) ?? Number.NaN));
      dueAt.delete(id);
      wire.send(`["CLOSE","${id}"]`);
    });
  }
  await atPace(perSecond, isOver, (due) => {
    const id = `${sent}`;
    dueAt.set(id, due);
    wires[sent++ % wires.length]?.send(`["REQ","${id}",${nextFilter()}]`);
  });
  while (dueAt.size > 0) await pause(1);
  return { requests: milliseconds.length, events, milliseconds };
}

/** Calls `act` so often, with the time at which it was due; late calls are made up for. */
export async function atPace(
  perSecond: number,
  isOver: () => boolean,
  act: (due: number) => void,
): Promise<void> {
  const start = performance.now();
  for (let count = 0; !isOver(); ) {
    const due = start + (count * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await pause(wait);
    else {
      act(due);
      count++;
    }
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
