/** The generator's end of a connection: the same few methods, whatever the transport. */

import type { Duplex } from "node:stream";
import { type ClientOptions, WebSocket } from "ws";
import { dialSecure } from "../../src/channel/dial.ts";
import { throwawaySigner } from "../../src/channel/signer.ts";
import type { Link } from "../../src/channel.ts";
import { systemClock } from "../../src/clock.ts";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import { parseAddress } from "../../src/nostr/address.ts";
import { FrameWebSocket, NodeSocket } from "../../src/server/socket.ts";
import { DEFAULT_CLIENT_MAX_MESSAGE, MAX_FRAME_BYTES } from "../../src/transport/constants.ts";
import type { Endpoint } from "./peer.ts";

export interface Wire {
  send(text: string): void;
  /** Takes what arrives from now on; what ends the connection unasked is thrown. */
  onText(receive: (text: string) => void): void;
  /** Cuts the connection without a word, which costs the same on every transport. */
  cut(): void;
}

export type Dial = () => Promise<Wire>;

/** Dials what the URL's scheme says; `corked`: sends of one tick leave in one write. */
export function dialer(endpoint: Endpoint, corked = false): Dial {
  const { url, certificate } = endpoint;
  if (url.startsWith("nostr+")) return () => dialNpubwire(url);
  // Every connection does a whole TLS handshake: no session is handed on.
  const options: ClientOptions = certificate === undefined ? {} : { ca: certificate };
  return () => dialWebSocket(url, options, corked);
}

/**
 * The relay checks every auth event; that the generator's own signer signs well need not be checked
 * by the generator, whose core is the scarce one.
 */
const crypto: CryptoProvider = { ...createNodeCrypto(), verifySchnorr: () => true };

const TIMEOUT = 30_000;

async function dialNpubwire(url: string): Promise<Wire> {
  const address = parseAddress(url);
  if (!address.ok) throw new Error(address.reason);
  let ws: WebSocket | undefined;
  const link = await dialSecure(address.value, {
    crypto,
    clock: systemClock,
    signer: throwawaySigner(crypto),
    connect(target, protocols) {
      const options = { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES };
      ws = new FrameWebSocket(target, [...protocols], options);
      return new NodeSocket(ws);
    },
    maxMessage: DEFAULT_CLIENT_MAX_MESSAGE,
    timeout: TIMEOUT,
  });
  return new LinkWire(link, () => ws?.terminate());
}

class LinkWire implements Wire {
  readonly #link: Link;
  readonly #terminate: () => void;
  #receive: (text: string) => void = () => {};
  #isCut = false;

  constructor(link: Link, terminate: () => void) {
    this.#link = link;
    this.#terminate = terminate;
    link.start({
      message: (text) => this.#receive(text),
      end: ({ code, reason }) => {
        if (!this.#isCut) throw new Error(`the peer ended the connection: ${code} ${reason}`);
      },
    });
  }

  send(text: string): void {
    this.#link.send(text);
  }

  onText(receive: (text: string) => void): void {
    this.#receive = receive;
  }

  cut(): void {
    this.#isCut = true;
    this.#terminate();
  }
}

function dialWebSocket(url: string, options: ClientOptions, corked: boolean): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { ...options, perMessageDeflate: false });
    let stream: Duplex | undefined;
    ws.on("upgrade", (response) => {
      stream = response.socket;
    });
    ws.on("error", reject);
    ws.on("open", () => resolve(new SocketWire(ws, corked ? stream : undefined)));
  });
}

class SocketWire implements Wire {
  readonly #ws: WebSocket;
  readonly #stream: Duplex | undefined;
  #isCorked = false;
  #isCut = false;

  /** `stream`: what to cork. */
  constructor(ws: WebSocket, stream: Duplex | undefined) {
    this.#ws = ws;
    this.#stream = stream;
    ws.on("close", (code) => {
      if (!this.#isCut) throw new Error(`the peer ended the connection: ${code}`);
    });
  }

  send(text: string): void {
    if (this.#stream && !this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      queueMicrotask(() => this.#uncork());
    }
    this.#ws.send(text);
  }

  onText(receive: (text: string) => void): void {
    this.#ws.removeAllListeners("message");
    this.#ws.on("message", (data) => receive(data.toString()));
  }

  cut(): void {
    this.#isCut = true;
    this.#ws.terminate();
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#stream?.uncork();
  }
}
