/** Why a session failed: rich here, for the local caller and its log; the peer sees one close code. */

/** The failure classes of SPEC, "Test vectors". */
export type TransportErrorCode =
  /** The offer is not well-formed. */
  | "offer"
  /** A handshake message does not open: another relay's key, or an altered offer. */
  | "wrong-relay"
  /** A public key is not a point of the curve. */
  | "point"
  /** Message 2 opened, but its payload is not what SPEC allows. */
  | "hello"
  /** The relay's clock and ours are more than a day apart. */
  | "clock"
  /** The client's first frame is not one AUTH or ANON in exactly 1,024 bytes. */
  | "first-frame"
  /** The auth event does not prove its key on this channel. */
  | "auth-event"
  /** The relay's first message is not a verdict on the auth event. */
  | "verdict"
  /** The frame is too short or too long to be one. */
  | "frame-size"
  /** The frame does not open: changed, replayed, reordered, reflected, or of another session. */
  | "frame-auth"
  | "frame-type"
  | "frame-length"
  | "frame-padding"
  | "frame-cover"
  /** A message of length zero, or above the limit. */
  | "message-length"
  | "message-utf8"
  | "close-frame"
  /** Anything after the close frame of its direction. */
  | "after-close"
  /** A text message, where only binary ones are frames. */
  | "not-binary"
  /** The socket ended without an exchange of close frames. */
  | "truncated"
  /** The frame counter has reached its end. */
  | "exhausted"
  /** A call that the session's state does not allow: a defect of the caller. */
  | "misuse";

export class TransportError extends Error {
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransportError";
    this.code = code;
  }
}
