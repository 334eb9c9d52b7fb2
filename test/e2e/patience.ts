/** nostr-tools gives up after seconds that a busy machine may take. */

import type { AbstractRelay } from "nostr-tools/abstract-relay";

const MINUTE = 60_000;

/** Else it makes up an EOSE, or a failure to publish, after 4.4 seconds. For a pool's relays, too. */
export function patient<R extends AbstractRelay>(relay: R): R {
  relay.baseEoseTimeout = MINUTE;
  relay.publishTimeout = MINUTE;
  const prepare = relay.prepareSubscription.bind(relay);
  relay.prepareSubscription = (...request) => {
    const subscription = prepare(...request);
    const fire = subscription.fire.bind(subscription);
    subscription.fire = () => {
      fire();
      // It outlives a subscription that was closed before its EOSE; the test must not wait for it.
      (Reflect.get(subscription, "eoseTimeoutHandle") as NodeJS.Timeout).unref();
    };
    return subscription;
  };
  return relay;
}
