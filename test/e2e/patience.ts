/** nostr-tools gives up after seconds that a busy machine may take. */

import type { AbstractRelay } from "nostr-tools/abstract-relay";

const MINUTE = 60_000;

/** Else it makes up an EOSE, or a failure to publish, after 4.4 seconds. For a pool's relays, too. */
export function patient<R extends AbstractRelay>(relay: R): R {
  relay.baseEoseTimeout = MINUTE;
  relay.publishTimeout = MINUTE;
  return relay;
}
