/** A relay's door in memory: it answers what is dialled as a server would, and remembers it all. */

import { type Accepted, acceptSecure } from "../../src/channel/accept.ts";
import { type DialOptions, dialSecure, type Signer } from "../../src/channel/dial.ts";
import { refusal } from "../../src/channel/refusal.ts";
import { keySigner } from "../../src/channel/signer.ts";
import type { Channel, Link, LinkEnd, Peer } from "../../src/channel.ts";
import type { CryptoProvider, KeyPair } from "../../src/crypto.ts";
import { addressOf, type RelayAddress } from "../../src/nostr/address.ts";
import { type PublicKey, publicKeyFromBytes } from "../../src/nostr/key.ts";
import { accept, type Verdict } from "../../src/nostr/verdict.ts";
import { readOffer } from "../../src/transport/offer.ts";
import { respond } from "../../src/transport/session.ts";
import { nodeCrypto } from "../transport/sessions.ts";
import { TestClock } from "./clock.ts";
import { MemorySocket } from "./sockets.ts";

export interface Visit {
  /** What the client asked for. */
  readonly url: string;
  readonly protocols: readonly string[];
  readonly clientSocket: MemorySocket;
  readonly relaySocket: MemorySocket;
  readonly accepted: Promise<Accepted>;
}

export class TestRelay {
  readonly keys: KeyPair = nodeCrypto.secp256k1x.generateKeyPair();
  readonly key: PublicKey = publicKeyFromBytes(this.keys.publicKey);
  readonly clock: TestClock = new TestClock();
  readonly visits: Visit[] = [];
  crypto: CryptoProvider = nodeCrypto;
  auth: "required" | "optional" = "required";
  maxMessage = 4_096;
  /** Seconds that the relay's clock is ahead of the client's. */
  ahead = 0;
  admit: (pubkey: PublicKey | undefined, peer: Peer) => Promise<Verdict> = async () => accept;

  get address(): RelayAddress {
    const address = addressOf("ws://relay.example:7447", this.key);
    if (!address.ok) throw new Error(address.reason);
    return address.value;
  }

  get visit(): Visit {
    const visit = this.visits.at(-1);
    if (!visit) throw new Error("nobody came");
    return visit;
  }

  /** For {@link DialOptions}; the answer comes later, as from a network. */
  readonly connect = (url: string, protocols: readonly string[]): MemorySocket => {
    const clientSocket = new MemorySocket();
    const relaySocket = new MemorySocket();
    MemorySocket.join(clientSocket, relaySocket);
    const accepted = new Promise<Accepted>((resolve) => {
      setImmediate(() => resolve(this.#answer(protocols, clientSocket, relaySocket)));
    });
    this.visits.push({ url, protocols, clientSocket, relaySocket, accepted });
    return clientSocket;
  };

  dial(options: Partial<DialOptions> = {}, signal?: AbortSignal): Promise<Link> {
    const { clock, connect } = this;
    const defaults = { crypto: nodeCrypto, clock, signer: newSigner(), connect };
    return dialSecure(
      this.address,
      { ...defaults, maxMessage: 2 ** 20, timeout: 10_000, ...options },
      signal,
    );
  }

  /** Both ends of a connection that the relay has accepted. */
  async connected(
    options: Partial<DialOptions> = {},
  ): Promise<Visit & { readonly link: Link; readonly channel: Channel }> {
    const link = await this.dial(options);
    const { visit } = this;
    const { channel, refusal } = await visit.accepted;
    if (!channel) throw new Error(`refused: ${refusal.code}`);
    return { ...visit, link, channel };
  }

  async #answer(
    protocols: readonly string[],
    clientSocket: MemorySocket,
    relaySocket: MemorySocket,
  ): Promise<Accepted> {
    const { crypto, clock, auth, maxMessage } = this;
    const offer = readOffer(protocols.join(", "));
    if ("status" in offer) {
      clientSocket.lose({ cause: refusal(offer.status) });
      return { refusal: { code: "offer" } };
    }
    const hello = { auth, maxMessage, time: clock.now() + this.ahead };
    let handshake: ReturnType<typeof respond>;
    try {
      handshake = respond(offer, this.keys, hello, crypto);
    } catch {
      clientSocket.lose({ cause: refusal(403) });
      return { refusal: { code: "wrong-relay" } };
    }
    clientSocket.open();
    return acceptSecure(relaySocket, handshake, {
      crypto,
      clock: { now: () => clock.now() + this.ahead, after: (ms, run) => clock.after(ms, run) },
      relay: publicKeyFromBytes(this.keys.publicKey),
      auth,
      address: "192.0.2.1",
      admit: (pubkey, peer) => this.admit(pubkey, peer),
      authDeadline: 60_000,
    });
  }
}

export function newSigner(): Signer {
  return keySigner(nodeCrypto.secp256k1x.generateKeyPair().secretKey, nodeCrypto);
}

/** Takes delivery of everything that a link brings. */
export class Listener {
  readonly texts: string[] = [];
  readonly ends: LinkEnd[] = [];
  drained = 0;
  /** What the application does with a message. */
  onMessage: (text: string) => void = () => {};

  constructor(link: Link) {
    link.start({
      message: (text) => {
        this.texts.push(text);
        this.onMessage(text);
      },
      drain: () => {
        this.drained += 1;
      },
      end: (end) => this.ends.push(end),
    });
  }

  /** How the link ended; undefined while it has not. */
  get end(): LinkEnd | undefined {
    return this.ends[0];
  }
}
