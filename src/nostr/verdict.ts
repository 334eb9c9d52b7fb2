/** A decision about what a peer asked for, with the words that it is told. */

import type { Prefix, Reason } from "./message.ts";

/** `prefix: reason` is what the peer reads (NIP-01, OK and CLOSED). */
export type Verdict =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly prefix: Prefix; readonly reason: string };

export type Rejection = Extract<Verdict, { accepted: false }>;

/**
 * A rejection that its author is not to notice: OK true, yet neither stored nor passed on. It says
 * `accepted: false`, so that whoever does not know it rejects.
 */
export interface ShadowRejection {
  readonly accepted: false;
  readonly shadow: true;
  /** What stands behind OK true; mostly empty. */
  readonly message: string;
}

/** A decision about an event; nothing else can be rejected unnoticed. */
export type WriteVerdict = Verdict | ShadowRejection;

export const accept: Verdict = Object.freeze({ accepted: true });

export function reject(prefix: Prefix, reason: string): Rejection {
  return { accepted: false, prefix, reason };
}

export function shadowReject(message = ""): ShadowRejection {
  return { accepted: false, shadow: true, message };
}

/** The rejection as the peer reads it in OK false and CLOSED. */
export function reasonOf(rejection: Rejection): Reason {
  return `${rejection.prefix}: ${rejection.reason}`;
}
