/**
 * The client's identity: a kind 22242 event bound to this channel by the handshake hash, to this
 * relay by `p`, and to this protocol by `transport` (SPEC, "The client's identity"). The last two
 * are what keeps a middleman from using a plain NIP-42 event of a victim.
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import type { EventTemplate, NostrEvent, VerifiedEvent } from "../nostr/event.ts";
import { encodeNpub, type PublicKey } from "../nostr/key.ts";
import { KIND_AUTH } from "../nostr/kind.ts";
import { malformed, type Parsed, parsed } from "../nostr/parsed.ts";
import { AUTH_TIME_WINDOW, TRANSPORT_ID } from "./constants.ts";

/** One channel, as an auth event must name it. */
export interface ChannelBinding {
  /** The relay's key. */
  readonly relay: PublicKey;
  /** 32 bytes: Noise's h after message 2. */
  readonly handshakeHash: Uint8Array;
}

/** What the client asks its signer to sign. `address` is canonical; `time` is the hello's. */
export function authTemplate(
  binding: ChannelBinding,
  address: string,
  time: number,
): EventTemplate {
  return {
    kind: KIND_AUTH,
    created_at: time,
    content: "",
    tags: [
      ["relay", address],
      ["challenge", bytesToHex(binding.handshakeHash)],
      ["p", binding.relay],
      ["transport", TRANSPORT_ID],
    ],
  };
}

/** Whether a signer changed nothing that it was asked to sign, but for tags of its own. */
export function isSignedTemplate(event: NostrEvent, template: EventTemplate): boolean {
  return (
    event.kind === template.kind &&
    event.created_at === template.created_at &&
    event.content === template.content &&
    template.tags.every(([name = "", value]) => soleTag(event, name) === value)
  );
}

/** The key that the event proves on this channel, or why it proves none. `now` in unix seconds. */
export function checkAuthEvent(
  event: VerifiedEvent,
  binding: ChannelBinding,
  now: number,
): Parsed<PublicKey> {
  return checkAuthClaim(event, binding, now);
}

/** The same of an event whose signature is still to be verified: the cheap part comes first. */
export function checkAuthClaim(
  event: NostrEvent,
  binding: ChannelBinding,
  now: number,
): Parsed<PublicKey> {
  if (event.kind !== KIND_AUTH || event.content !== "") {
    return malformed("not an auth event (kind 22242, empty content)");
  }
  if (soleTag(event, "challenge") !== bytesToHex(binding.handshakeHash)) {
    return malformed("the challenge is not of this channel");
  }
  if (soleTag(event, "p") !== binding.relay) return malformed("the event is for another relay");
  if (soleTag(event, "transport") !== TRANSPORT_ID) {
    return malformed(`the transport tag must be ${TRANSPORT_ID}`);
  }
  if (Math.abs(event.created_at - now) > AUTH_TIME_WINDOW) {
    return malformed("created_at is too far from the relay's clock");
  }
  const address = soleTag(event, "relay") ?? "";
  const npub = encodeNpub(binding.relay);
  // The rest of the URL is informative: a relay cannot know by which name it was dialled.
  if (!address.startsWith(`nostr+ws://${npub}@`) && !address.startsWith(`nostr+wss://${npub}@`)) {
    return malformed("the relay tag does not name this relay");
  }
  if (event.pubkey === binding.relay) return malformed("the relay's own key is no client");
  return parsed(event.pubkey);
}

/** The value of a tag that must be there once, with two elements. */
function soleTag(event: NostrEvent, name: string): string | undefined {
  const [tag, ...others] = event.tags.filter((candidate) => candidate[0] === name);
  return others.length === 0 && tag?.length === 2 ? tag[1] : undefined;
}
