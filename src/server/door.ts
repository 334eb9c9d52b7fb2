/**
 * The door: WebSocket upgrades become channels. Secure clients are answered before the upgrade or
 * proved after it; plain ones get what the operator allows.
 */

import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Duplex } from "node:stream";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type ServerOptions, WebSocketServer } from "ws";
import { acceptSecure } from "../channel/accept.ts";
import { Identities } from "../channel/identities.ts";
import { PlainChannel } from "../channel/plain.ts";
import type { Channel, Peer } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { CryptoProvider, KeyPair } from "../crypto.ts";
import type { Log } from "../log.ts";
import { checkAuth } from "../nostr/auth.ts";
import { type PublicKey, publicKeyFromBytes } from "../nostr/key.ts";
import { notice } from "../nostr/message.ts";
import { reasonOf, reject, type Verdict } from "../nostr/verdict.ts";
import { CLOSE_DEADLINE, MAX_FRAME_BYTES, SUITE } from "../transport/constants.ts";
import { TransportError } from "../transport/errors.ts";
import { isOffer, type Offer, readOffer } from "../transport/offer.ts";
import { respond } from "../transport/session.ts";
import {
  Admission,
  type AdmissionLimits,
  isFromHere,
  requestAddress,
  type Ticket,
} from "./door/admission.ts";
import { isWebSocketUpgrade, refuseUpgrade } from "./door/upgrade.ts";
import { FrameWebSocket, NodeSocket } from "./socket.ts";

export interface DoorOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly log: Log;
  /** The relay's key pair. */
  readonly relay: KeyPair;
  readonly auth: "required" | "optional";
  readonly plaintext: "deny" | "loopback" | "allow";
  /** Whether those who may speak in the plain are asked for a key later (NIP-42), and judged by it. */
  readonly asksPlainClients: boolean;
  /** Whether plain clients that are not allowed get 404 instead of a notice. */
  readonly isHidden: boolean;
  /** Bytes of UTF-8 in one message. */
  readonly maxMessage: number;
  /** Milliseconds from message 2 to the client's first frame. */
  readonly authDeadline: number;
  readonly admission: AdmissionLimits;
  readonly trustedProxies: BlockList;
  /** What a plain client is told when it is turned away. */
  plaintextNotice(): string;
  /** Whether nobody from this address gets in. */
  isBlocked(address: string): boolean;
  /** Whether a URL names this relay (NIP-42 on plain connections). */
  isOwnUrl(url: string): boolean;
  admit(pubkey: PublicKey | undefined, peer: Peer): Promise<Verdict>;
  /** May add to the headers of a response that upgrades. */
  headers?(headers: string[], request: IncomingMessage): void;
  /** Answers, in the door's place, a request that is no WebSocket upgrade; `true` if it did. */
  malformed?(stream: Duplex, request: IncomingMessage): boolean;
  /** Takes every channel whose client was let in; the request began it, the socket carries it. */
  accept(channel: Channel, request: IncomingMessage, socket: NodeSocket): void;
}

/** A WebSocket close code for those who may not speak in the plain (RFC 6455). */
const POLICY_VIOLATION = 1008;

const CHALLENGE_BYTES = 16;

const ignore = (): void => {};

/** Milliseconds of silence before TCP asks whether the peer is still there. */
const KEEP_ALIVE = 60_000;

/** Opened once for a relay, however many servers and paths lead to it. */
export class Door {
  readonly #options: DoorOptions;
  readonly #relay: PublicKey;
  readonly #admission: Admission;
  readonly #secure: WebSocketServer;
  readonly #plain: WebSocketServer;
  /** Sockets of clients that have not been let in. */
  readonly #strangers = new Set<Duplex>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#relay = publicKeyFromBytes(options.relay.publicKey);
    this.#admission = new Admission(options.admission, options.clock);
    this.#secure = webSocketServer({
      maxPayload: MAX_FRAME_BYTES,
      handleProtocols: () => SUITE,
      WebSocket: FrameWebSocket,
    });
    this.#plain = webSocketServer({
      maxPayload: options.maxMessage,
      handleProtocols: () => false,
    });
    if (options.headers) {
      for (const server of [this.#secure, this.#plain]) server.on("headers", options.headers);
    }
  }

  /** Answers an upgrade request, whatever its path; the stream belongs to the door from now on. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // Until `ws` takes over, nobody else listens, and an unheard error would end the process.
    stream.on("error", ignore);
    // Whoever went while somebody else was asked about them has closed already: no place for them.
    if (stream.destroyed || !stream.readable || !stream.writable) {
      stream.destroy();
      return;
    }
    const visit = this.#enter(request, stream, head);
    if (visit === 400 && this.#options.malformed?.(stream, request)) return;
    if (typeof visit === "number") refuseUpgrade(stream, visit);
    else if (visit.offer) this.#acceptSecure(visit, visit.offer);
    else this.#acceptPlain(visit);
  }

  /** Ends those whose handshake is not over. Channels that were accepted live on. */
  shut(): void {
    for (const stream of this.#strangers) stream.destroy();
  }

  /** Everything that costs next to nothing comes before any cryptography; a number is a status. */
  #enter(request: IncomingMessage, stream: Duplex, head: Buffer): Visit | number {
    const { isHidden, trustedProxies, isBlocked, log } = this.#options;
    if (!isWebSocketUpgrade(request)) return 400;
    const header = request.headers["sec-websocket-protocol"];
    const offer = isOffer(header) ? readOffer(header) : undefined;
    if (offer && "status" in offer) return offer.status;
    const address = requestAddress(request, trustedProxies);
    if (isBlocked(address)) return isHidden ? 404 : 403;
    if (isHidden && !offer && !this.#allowsPlain(request)) return 404;
    const ticket = this.#admission.enter(address);
    if (!ticket) {
      log("warn", "connection refused: limits reached", { address });
      return 429;
    }
    // Peers that vanish without a word are found by the system, in minutes.
    request.socket.setKeepAlive(true, KEEP_ALIVE);
    this.#strangers.add(stream);
    stream.on("close", () => {
      this.#strangers.delete(stream);
      ticket.leave();
    });
    return { request, stream, head, address, ticket, offer };
  }

  #acceptSecure(visit: Visit, offer: Offer): void {
    const { crypto, clock, relay, auth, maxMessage, authDeadline, log } = this.#options;
    const { address, ticket } = visit;
    let handshake: ReturnType<typeof respond>;
    try {
      handshake = respond(offer, relay, { auth, maxMessage, time: clock.now() }, crypto);
    } catch (error) {
      const reason = error instanceof TransportError ? error.code : "internal";
      log("info", "handshake refused", { address, reason });
      refuseUpgrade(visit.stream, 403);
      return;
    }
    // The response and message 2 leave in one packet.
    visit.stream.cork();
    let isTaken = false;
    this.#secure.handleUpgrade(visit.request, visit.stream, visit.head, async (ws) => {
      isTaken = true;
      const socket = new NodeSocket(ws, visit.stream);
      const admit: DoorOptions["admit"] = (pubkey, peer) => this.#admit(pubkey, peer);
      const options = { crypto, clock, relay: this.#relay, auth, address, admit, authDeadline };
      const { channel, refusal } = await acceptSecure(socket, handshake, options);
      ticket.settled();
      this.#strangers.delete(visit.stream);
      if (channel) this.#options.accept(channel, visit.request, socket);
      else log("info", "client refused", { address, reason: refusal.code });
    });
    visit.stream.uncork();
    if (!isTaken) handshake.session.destroy();
  }

  #acceptPlain(visit: Visit): void {
    const { plaintextNotice, log } = this.#options;
    const { address, ticket } = visit;
    const allowed = this.#allowsPlain(visit.request);
    this.#plain.handleUpgrade(visit.request, visit.stream, visit.head, (ws) => {
      ticket.settled();
      if (allowed) {
        this.#strangers.delete(visit.stream);
        void this.#welcomePlain(new NodeSocket(ws, visit.stream), visit);
        return;
      }
      log("info", "plaintext client turned away", { address });
      // Nobody listens to what it says: it is neither read, nor stored, nor answered.
      ws.on("error", ignore);
      ws.send(notice(plaintextNotice()));
      ws.close(POLICY_VIOLATION, "this relay speaks only npubwire");
    });
  }

  /** Whoever cannot be judged is not let in. */
  async #admit(pubkey: PublicKey | undefined, peer: Peer): Promise<Verdict> {
    const { admit, log } = this.#options;
    try {
      return await admit(pubkey, peer);
    } catch (error) {
      log("error", "client could not be judged", { address: peer.address, error: String(error) });
      return reject("error", "internal error");
    }
  }

  #allowsPlain(request: IncomingMessage): boolean {
    const { plaintext } = this.#options;
    return plaintext === "allow" || (plaintext === "loopback" && isFromHere(request));
  }

  async #welcomePlain(socket: NodeSocket, { request, address }: Visit): Promise<void> {
    const { crypto, clock, auth, asksPlainClients, isOwnUrl, accept } = this.#options;
    const challenge = bytesToHex(crypto.randomBytes(CHALLENGE_BYTES));
    const identities = new Identities((event) =>
      checkAuth(event, { challenge, isOwnUrl, now: clock.now() }),
    );
    const channel = new PlainChannel(socket, challenge, identities, address);
    // Where everybody must say who they are, nobody is judged before they had the chance.
    if (auth === "optional" || !asksPlainClients) {
      const verdict = await this.#admit(undefined, channel.peer);
      if (!verdict.accepted) {
        channel.send(notice(reasonOf(verdict)));
        channel.close(POLICY_VIOLATION, verdict.prefix);
        return;
      }
    }
    accept(channel, request, socket);
  }
}

interface Visit {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly address: string;
  readonly ticket: Ticket;
  /** `undefined` for a plain client. */
  readonly offer: Offer | undefined;
}

function webSocketServer(options: ServerOptions<typeof FrameWebSocket>): WebSocketServer {
  // `closeTimeout`: `ws` 8.21 and later; its type declarations lag behind.
  const closing: object = { closeTimeout: CLOSE_DEADLINE };
  return new WebSocketServer({
    ...options,
    ...closing,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
  });
}
