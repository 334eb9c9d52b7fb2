/** A bare client: NIP-01 text in and out of any WebSocket class, without a library in between. */

import { once } from "node:events";
import { WebSocket } from "ws";
import type { SecureWebSocketConstructor } from "../../src/client.ts";
import type { TestClient } from "../relay/conformance/session.ts";

export interface BareClient extends TestClient {
  /** How the connection ended, once it has. */
  readonly closed: Promise<{
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;
  }>;
}

type AnyWebSocket = typeof WebSocket | SecureWebSocketConstructor;

/** Resolves when the connection is open; rejects with the `error` event's error. */
export async function bareClient(
  url: string,
  Class: AnyWebSocket = WebSocket,
): Promise<BareClient> {
  const socket = new (Class as SecureWebSocketConstructor)(url);
  const unread: unknown[] = [];
  let wake = (): void => {};
  let ended = false;
  socket.onmessage = ({ data }) => {
    unread.push(JSON.parse(data));
    wake();
  };
  const closed = new Promise<{ code: number; reason: string; wasClean: boolean }>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => {
      ended = true;
      wake();
      resolve({ code, reason, wasClean });
    };
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = ({ error }) => reject(error);
  });
  socket.onerror = null;
  return {
    closed,
    send: (text) => socket.send(text),
    async next() {
      while (unread.length === 0) {
        if (ended) throw new Error("the connection has ended");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return unread.shift();
    },
    async close() {
      socket.close();
      await closed;
    },
  };
}

/** The first `error` event of a connection that must fail; its close event comes with it. */
export async function failure(
  url: string,
  Class: SecureWebSocketConstructor,
): Promise<{ readonly code: string; readonly closeCode: number; readonly wasClean: boolean }> {
  const socket = new Class(url);
  const [[error], [close]] = await Promise.all([once(socket, "error"), once(socket, "close")]);
  return { code: error.error.code, closeCode: close.code, wasClean: close.wasClean };
}
