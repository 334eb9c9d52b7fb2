/**
 * Why one end closes a channel: the codes inside the authenticated close frame (SPEC, "Close
 * codes"). Here, below everything, because both `transport/` and `relay/` speak them.
 */
export const CLOSE = {
  /** Done. */
  normal: 1000,
  /** The relay shuts down. */
  goingAway: 4001,
  /** Nobody has authenticated, or too many attempts have failed. */
  authRequired: 4002,
  /** The key that authenticated may not use this relay. */
  restricted: 4003,
  /** The peer sends more than this relay is willing to hold. */
  rateLimited: 4004,
  /** The peer reads too slowly; what was queued for it is lost. */
  tooSlow: 4005,
  /** Nothing happened for too long. */
  idle: 4006,
  /** The frame numbers of the session are used up. */
  exhausted: 4007,
  /** The relay has failed. */
  internal: 4008,
} as const;
