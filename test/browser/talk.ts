/** What runs inside a tab: handed over as source, so it uses nothing from outside itself. */

import type { Signer } from "../../src/browser.ts";

declare const npubwire: typeof import("../../src/browser.ts");
/** NIP-07. */
declare const nostr: Signer;

export interface Talk {
  readonly address: string;
  readonly texts?: readonly string[];
  /** Said after the first EOSE. */
  readonly later?: readonly string[];
  /** Ends with so many messages, or with a message of this type, or with the connection. */
  readonly until: number | string;
  /** Whether the extension's signer is asked. */
  readonly nip07?: boolean;
}

export interface Outcome {
  readonly messages: readonly (readonly [string, ...unknown[]])[];
  /** Of the error event. */
  readonly code?: string;
  readonly reason?: string;
}

/** Connects, says the texts, and listens. */
export function talk({
  address,
  texts = [],
  later = [],
  until,
  nip07 = false,
}: Talk): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: [string, ...unknown[]][] = [];
    const socket = new (npubwire.secureWebSocket(nip07 ? { signer: nostr } : {}))(address);
    let code: string | undefined;
    socket.onopen = () => {
      for (const text of texts) socket.send(text);
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as [string, ...unknown[]];
      messages.push(message);
      Object.assign(globalThis, { heard: messages.length });
      if (message[0] === "EOSE") for (const text of later) socket.send(text);
      if (messages.length === until || message[0] === until) {
        socket.onclose = null;
        socket.close();
        resolve({ messages });
      }
    };
    socket.onerror = ({ error }) => {
      code = error?.code;
    };
    socket.onclose = ({ reason }) => {
      resolve({ messages, reason, ...(code === undefined ? {} : { code }) });
    };
  });
}
