/**
 * Servers that do nothing but move texts, so that only the transport is measured: `ws` as it comes,
 * with corked writes, over TLS 1.3; and npubwire through the relay's own front door.
 */

import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Link } from "../../../src/channel.ts";
import { systemClock } from "../../../src/clock.ts";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { silent } from "../../../src/log.ts";
import { addressOf } from "../../../src/nostr/address.ts";
import { publicKeyFromBytes } from "../../../src/nostr/key.ts";
import { accept } from "../../../src/nostr/verdict.ts";
import { addressList } from "../../../src/server/door/admission.ts";
import { Door } from "../../../src/server/door.ts";
import { DEFAULT_RELAY_MAX_MESSAGE } from "../../../src/transport/constants.ts";
import { selfSigned } from "../certificate.ts";
import type { Endpoint } from "../peer.ts";
import { answer, type Send } from "./answer.ts";
import { listen } from "./listen.ts";

/** TLS as a relay behind a good proxy has it: 1.3, ECDSA P-256, AES-256-GCM. */
export async function serveWebSocket(isTls: boolean, isCorked: boolean): Promise<Endpoint> {
  const { key, certificate } = selfSigned("localhost");
  const server = isTls
    ? createTlsServer({
        key,
        cert: certificate,
        minVersion: "TLSv1.3",
        ciphers: "TLS_AES_256_GCM_SHA384",
      })
    : createServer();
  const clients = new Set<Send>();
  new WebSocketServer({ server }).on("connection", (ws, request) => {
    const send = isCorked ? corked(ws, request.socket) : (text: string) => ws.send(text);
    clients.add(send);
    ws.on("close", () => clients.delete(send));
    ws.on("error", () => {});
    ws.on("message", (data) => answer(data.toString(), send, clients));
  });
  const port = await listen(server);
  return isTls
    ? { url: `wss://localhost:${port}`, certificate }
    : { url: `ws://127.0.0.1:${port}` };
}

/** The real front, its limits out of the way; auth events are demanded and verified. */
export async function serveSecure(): Promise<Endpoint> {
  const crypto = createNodeCrypto();
  const relay = crypto.secp256k1x.generateKeyPair();
  const clients = new Set<Send>();
  const door = new Door({
    asksPlainClients: false,
    isBlocked: () => false,
    crypto,
    clock: systemClock,
    log: silent,
    relay,
    auth: "required",
    plaintext: "deny",
    isHidden: false,
    plaintextNotice: () => "",
    maxMessage: DEFAULT_RELAY_MAX_MESSAGE,
    authDeadline: 60_000,
    admission: {
      maxConnections: UNLIMITED,
      maxConnectionsPerAddress: UNLIMITED,
      maxPending: UNLIMITED,
      maxPendingPerAddress: UNLIMITED,
      maxPerMinutePerAddress: UNLIMITED,
    },
    trustedProxies: addressList([]),
    isOwnUrl: () => false,
    admit: async () => accept,
    accept: (channel) => startEcho(channel, clients),
  });
  const server = createServer();
  server.on("upgrade", (request, stream, head) => door.upgrade(request, stream, head));
  const url = `ws://127.0.0.1:${await listen(server)}`;
  const address = addressOf(url, publicKeyFromBytes(relay.publicKey));
  if (!address.ok) throw new Error(address.reason);
  return { url: address.value.canonical, crypto: crypto.name };
}

const UNLIMITED: number = Number.MAX_SAFE_INTEGER;

function startEcho(link: Link, clients: Set<Send>): void {
  const send = (text: string): void => link.send(text);
  clients.add(send);
  link.start({
    message: (text) => answer(text, send, clients),
    end: () => clients.delete(send),
  });
}

/** Holds back what is sent until the tick ends, as our channels do. */
function corked(ws: WebSocket, stream: Duplex): Send {
  let isCorked = false;
  return (text) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      queueMicrotask(() => {
        isCorked = false;
        stream.uncork();
      });
    }
    ws.send(text);
  };
}
