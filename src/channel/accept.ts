/**
 * The relay's side of the opening, from message 2 to the verdict (SPEC, "The client's identity").
 * Nobody reaches the relay before the verdict; what a client sends in the same flight is held.
 */

import type { Channel, Peer, WebSocketLike } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import { type NostrEvent, parseEvent, verifyEvent } from "../nostr/event.ts";
import type { PublicKey } from "../nostr/key.ts";
import { accept, reject, type Verdict } from "../nostr/verdict.ts";
import { type ChannelBinding, checkAuthClaim, checkAuthEvent } from "../transport/auth-event.ts";
import { OUTER_FAILED } from "../transport/constants.ts";
import { TransportError } from "../transport/errors.ts";
import type { Session } from "../transport/session.ts";
import { Identities } from "./identities.ts";
import { SecureChannel } from "./secure.ts";

export interface AcceptOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** The relay's key. */
  readonly relay: PublicKey;
  readonly auth: "required" | "optional";
  /** The client's IP address. */
  readonly address: string;
  /** May this key (`undefined`: an anonymous client) use the relay at all? */
  admit(pubkey: PublicKey | undefined, peer: Peer): Promise<Verdict>;
  /** Milliseconds from message 2 to the verdict on the client's first frame. */
  readonly authDeadline: number;
}

/** Why no channel came of a socket, for the log. */
export interface Refusal {
  readonly code: TransportError["code"] | "timeout" | "gone" | "refused" | "internal";
  readonly verdict?: Verdict;
}

export type Accepted =
  | { readonly channel: Channel; readonly refusal?: never }
  | { readonly channel?: never; readonly refusal: Refusal };

/**
 * Sends message 2, waits for the client's first frame and answers it. Resolves to the channel of a
 * client that was let in; otherwise the socket is closed or closing, and the refusal says why.
 */
export function acceptSecure(
  socket: WebSocketLike,
  handshake: { readonly message2: Uint8Array; readonly session: Session },
  options: AcceptOptions,
): Promise<Accepted> {
  const { message2, session } = handshake;
  return new Promise((resolve) => {
    const settle = (accepted: Accepted): void => {
      cancelDeadline();
      resolve(accepted);
    };
    const fail = (code: Refusal["code"]): void => {
      session.destroy();
      socket.close(OUTER_FAILED);
      settle({ refusal: { code } });
    };
    const cancelDeadline = options.clock.after(options.authDeadline, () => fail("timeout"));
    socket.handlers = {
      message(frame) {
        readFirst(socket, session, frame, options).then(settle, (error: unknown) => {
          fail(error instanceof TransportError ? error.code : "internal");
        });
      },
      close: () => fail("gone"),
    };
    socket.send(message2);
  });
}

/** Throws a TransportError for a first frame that breaks the protocol; those get no answer. */
async function readFirst(
  socket: WebSocketLike,
  session: Session,
  frame: Uint8Array | string,
  options: AcceptOptions,
): Promise<Accepted> {
  const { clock, relay, address, admit } = options;
  if (typeof frame === "string") throw session.fail("not-binary", "a text message as first frame");
  const claim = parseClaim(session.openFirst(frame), session);
  const binding = { relay, handshakeHash: session.handshakeHash };
  const identities = new Identities((event) => checkAuthEvent(event, binding, clock.now()));
  // From here on the channel owns the socket; it holds what came in the same flight.
  const channel = new SecureChannel(socket, session, clock, identities, address);
  const identified = identify(claim, binding, identities, options);
  const verdict = identified.accepted ? await admit(claim?.pubkey, channel.peer) : identified;
  channel.sendVerdict(claim?.id ?? "", verdict);
  return verdict.accepted ? { channel } : { refusal: { code: "refused", verdict } };
}

/** The event of `["AUTH", <event>]`, or `undefined` for `["ANON"]`. */
function parseClaim(text: string, session: Session): NostrEvent | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw session.fail("first-frame", "the first message is not JSON");
  }
  const items: readonly unknown[] = Array.isArray(message) ? message : [];
  if (items[0] === "ANON" && items.length === 1) return undefined;
  const event = parseEvent(items[1]);
  if (items[0] !== "AUTH" || items.length !== 2 || !event.ok) {
    throw session.fail("first-frame", "the first message is neither AUTH nor ANON");
  }
  return event.value;
}

/** Whether the client has shown who it is, as far as this relay asks; the signature comes last. */
function identify(
  claim: NostrEvent | undefined,
  binding: ChannelBinding,
  identities: Identities,
  { auth, clock, crypto }: AcceptOptions,
): Verdict {
  if (!claim) {
    return auth === "optional"
      ? accept
      : reject("auth-required", "this relay wants to know its clients");
  }
  const claimed = checkAuthClaim(claim, binding, clock.now());
  if (!claimed.ok) return reject("auth-required", claimed.reason);
  const event = verifyEvent(claim, crypto);
  return event.ok ? identities.addProved(claimed.value) : reject("auth-required", event.reason);
}
