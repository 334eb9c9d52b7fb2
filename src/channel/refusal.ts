/** What the HTTP statuses of refused upgrades mean. Browsers never see them, so they load none of this. */

import { DialError } from "./errors.ts";

/** The cause of a socket that never opened (SPEC, "Opening"). */
export function refusal(status: number): DialError {
  switch (status) {
    case 400:
      return new DialError("offer-malformed", "the relay did not understand the offer (HTTP 400)");
    case 403:
      return new DialError(
        "offer-refused",
        "the relay refused the offer (HTTP 403): it may hold another key than this npub",
      );
    case 429:
      return new DialError("rate-limited", "the relay has too much to do (HTTP 429): try later");
    default:
      return new DialError("not-a-relay", `no relay answers there (HTTP ${status})`);
  }
}
