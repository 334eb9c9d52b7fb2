/** A decision about what a peer asked for, with the words that it is told. */

import type { Prefix, Reason } from "./message.ts";

/** `prefix: reason` is what the peer reads (NIP-01, OK and CLOSED). */
export type Verdict =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly prefix: Prefix; readonly reason: string };

export type Rejection = Extract<Verdict, { accepted: false }>;

export const accept: Verdict = Object.freeze({ accepted: true });

export function reject(prefix: Prefix, reason: string): Rejection {
  return { accepted: false, prefix, reason };
}

/** The rejection as the peer reads it in OK false and CLOSED. */
export function reasonOf(rejection: Rejection): Reason {
  return `${rejection.prefix}: ${rejection.reason}`;
}
