/** Every number of SPEC.md that both ends must agree on, and the defaults of those they need not. */

/** The suite and, at the same time, the subprotocol name (SPEC, "Opening"). */
export const SUITE = "npubwire.1";
/** The value of the auth event's `transport` tag and the first part of the prologue. */
export const TRANSPORT_ID = "npubwire/1";

export const KEY_BYTES = 32;
export const TAG_BYTES = 16;
/** Noise message 1: ephemeral key and the tag of the empty payload; 64 base64url characters. */
export const MESSAGE_1_BYTES: number = KEY_BYTES + TAG_BYTES;

/** Noise's limit for one transport message, and so for one binary WebSocket message. */
export const MAX_FRAME_BYTES = 65_535;
export const MAX_PLAINTEXT_BYTES: number = MAX_FRAME_BYTES - TAG_BYTES;
/** Type (1) and content length (2). */
export const FRAME_HEADER_BYTES = 3;
export const MAX_CONTENT_BYTES: number = MAX_PLAINTEXT_BYTES - FRAME_HEADER_BYTES;
export const MIN_PLAINTEXT_BYTES = 256;
/** The plaintext length of the client's first frame: one size for every identity. */
export const FIRST_PLAINTEXT_BYTES = 1_024;

export const FRAME_CLOSE = 0x00;
export const FRAME_MESSAGES = 0x01;
export const FRAME_COVER = 0x02;

/** Cover frames allowed between two frames of messages. */
export const MAX_COVER_RUN = 64;
/** Frames under one key before Noise REKEY. */
export const REKEY_INTERVAL = 1_024;
/** Frame numbers end before this. */
export const MAX_FRAMES: number = 2 ** 32;
/** So many numbers are kept for what is queued and for the close frame. */
export const RESERVED_FRAMES: number = 2 ** 16;

/** Message 2's payload: padded to a multiple of the first, never above the second. */
export const HELLO_PADDING = 256;
export const MAX_HELLO_BYTES = 4_096;
export const MIN_MAX_MESSAGE = 1_024;
export const MAX_MAX_MESSAGE: number = 2 ** 26;
export const MAX_HELLO_TIME: number = 2 ** 40;

/** Longest message a relay takes, by default, in bytes of UTF-8. */
export const DEFAULT_RELAY_MAX_MESSAGE: number = 512 * 1_024;
/** Longest message a client takes, by default, in bytes of UTF-8. */
export const DEFAULT_CLIENT_MAX_MESSAGE: number = 4 * 1_024 * 1_024;

/** Keys that may authenticate on one channel. */
export const MAX_IDENTITIES = 8;
/** An auth event's created_at may differ this much from the relay's clock, in seconds. */
export const AUTH_TIME_WINDOW = 600;
/** The hello's time may differ this much from the client's clock, in seconds. */
export const CLOCK_TOLERANCE = 86_400;

/** From TCP accept to message 2, and from there to the client's first frame, in milliseconds. */
export const HANDSHAKE_DEADLINE = 10_000;
export const AUTH_DEADLINE = 60_000;
/** How long a close frame waits for its answer, in milliseconds. */
export const CLOSE_DEADLINE = 5_000;

export const MAX_CLOSE_REASON_BYTES = 123;

/** Codes inside the authenticated close frame (SPEC, "Close codes"). */
export { CLOSE } from "../nostr/close.ts";
export const MIN_PRIVATE_CLOSE = 4001;
export const MAX_PRIVATE_CLOSE = 4099;

/** Codes on the WebSocket itself: all that an onlooker sees. */
export const OUTER_CLOSED = 1000;
export const OUTER_FAILED = 4000;
