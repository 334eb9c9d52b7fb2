/**
 * The secure channel without any input or output, for those who bring their own: handshake, frames
 * and auth event as SPEC.md defines them.
 *
 * @module
 */

export {
  authTemplate,
  type ChannelBinding,
  checkAuthEvent,
  isSignedTemplate,
} from "./transport/auth-event.ts";
export * from "./transport/constants.ts";
export { TransportError, type TransportErrorCode } from "./transport/errors.ts";
export type { Hello } from "./transport/hello.ts";
export { isOffer, type Offer, type OfferRefusal, readOffer } from "./transport/offer.ts";
export {
  type Initiation,
  initiate,
  respond,
  type Session,
  type SessionEvent,
} from "./transport/session.ts";
