/**
 * One visit to the relay, to find out whether it holds a key: dial, ask for the last notes, time both.
 * It knows nothing of pages.
 */

import type { SecureWebSocketConstructor } from "../../channel/drop-in.ts";
import type { Clock } from "../../clock.ts";
import type { CryptoProvider } from "../../crypto.ts";
import { type NostrEvent, parseEvent, verifyEvent } from "../../nostr/event.ts";

export interface Finding {
  /** Whether the relay has proved the key that its address names. */
  readonly isProved: boolean;
  /** Why there is no channel, or why the relay shows nothing; in its or our words. */
  readonly reason?: string;
  /** Milliseconds until it had proved its key, and from the request to the first answer. */
  readonly opened?: number;
  readonly answered?: number;
  /** Newest first, as the relay sent them; those that do not verify are left out. */
  readonly notes: readonly NostrEvent[];
}

export interface ProbeParts {
  readonly WebSocket: SecureWebSocketConstructor;
  readonly crypto: CryptoProvider;
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds, from any origin. */
  milliseconds(): number;
}

const NOTES = 5;
/** Milliseconds that a relay has for its answers, once it has proved its key. */
const PATIENCE = 10_000;

const REQUEST = JSON.stringify(["REQ", "notes", { kinds: [1], limit: NOTES }]);

/** Always resolves. `address` is `nostr+ws://npub1…@host`, or `nostr+wss://…`. */
export function probe(address: string, parts: ProbeParts): Promise<Finding> {
  const { crypto, clock, milliseconds } = parts;
  return new Promise((resolve) => {
    const notes: NostrEvent[] = [];
    const dialled = milliseconds();
    let opened: number | undefined;
    let answered: number | undefined;
    let stopWaiting = (): void => {};
    const socket = new parts.WebSocket(address);
    const settle = (reason?: string): void => {
      stopWaiting();
      socket.onclose = null;
      socket.close();
      resolve({
        isProved: opened !== undefined,
        ...(reason === undefined ? {} : { reason }),
        ...(opened === undefined ? {} : { opened: opened - dialled }),
        ...(opened === undefined || answered === undefined ? {} : { answered: answered - opened }),
        notes,
      });
    };
    socket.onopen = () => {
      opened = milliseconds();
      stopWaiting = clock.after(PATIENCE, () => settle("the relay does not answer the request"));
      socket.send(REQUEST);
    };
    socket.onmessage = ({ data }) => {
      answered ??= milliseconds();
      const [type, , content] = readMessage(data);
      if (type === "EVENT" && notes.length < NOTES) notes.push(...readNote(content, crypto));
      else if (type === "EOSE") settle();
      else if (type === "CLOSED") settle(String(content));
    };
    socket.onclose = ({ reason, error }) => settle(error?.message ?? reason);
  });
}

function readMessage(text: string): readonly unknown[] {
  try {
    const message: unknown = JSON.parse(text);
    return Array.isArray(message) ? message : [];
  } catch {
    return [];
  }
}

function readNote(content: unknown, crypto: CryptoProvider): readonly NostrEvent[] {
  const event = parseEvent(content);
  return event.ok && event.value.kind === 1 && verifyEvent(event.value, crypto).ok
    ? [event.value]
    : [];
}
