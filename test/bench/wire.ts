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
  /** Bytes that were sent and have not yet left this process. */
  readonly bufferedAmount: number;
  send(text: string): void;
  /** Takes what arrives from now on. */
  onText(receive: (text: string) => void): void;
  /** Told when the peer ends the connection; without this, that is thrown. */
  onEnd(ended: () => void): void;
  /** Cuts the connection without a word, which costs the same on every transport. */
  cut(): void;
}

export type Dial = () => Promise<Wire>;

/** So many connections; a few handshakes at a time, which no relay mistakes for an attack. */
export async function dialMany(dial: Dial, count: number): Promise<readonly Wire[]> {
  const wires: Wire[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun++ < count) wires.push(await dial());
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return wires;
}

const LANES = 8;

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
  #ended: (() => void) | undefined;

  constructor(link: Link, terminate: () => void) {
    this.#link = link;
    this.#terminate = terminate;
    link.start({
      message: (text) => this.#receive(text),
      end: ({ code, reason }) => (this.#ended ?? complain)(`${code} ${reason}`),
    });
  }

  get bufferedAmount(): number {
    return this.#link.bufferedAmount;
  }

  send(text: string): void {
    this.#link.send(text);
  }

  onText(receive: (text: string) => void): void {
    this.#receive = receive;
  }

  onEnd(ended: () => void): void {
    this.#ended = ended;
  }

  cut(): void {
    this.onEnd(() => {});
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
  #ended: (() => void) | undefined;

  /** `stream`: what to cork. */
  constructor(ws: WebSocket, stream: Duplex | undefined) {
    this.#ws = ws;
    this.#stream = stream;
    ws.on("close", (code) => (this.#ended ?? complain)(`${code}`));
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
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

  onEnd(ended: () => void): void {
    this.#ended = ended;
  }

  cut(): void {
    this.onEnd(() => {});
    this.#ws.terminate();
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#stream?.uncork();
  }
}

function complain(how: string): never {
  throw new Error(`the peer ended the connection: ${how}`);
}
