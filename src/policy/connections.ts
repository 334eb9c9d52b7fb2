/** How many connections may show one key at the same time. */

import type { Peer } from "../channel.ts";
import { accept, type Policy, reject } from "../policy.ts";

/**
 * Rejects with `rate-limited:`; `max` is 0 for any number. `peers`: of all connections, as they are
 * when it is asked. To be asked last, so that what is let in is soon among them.
 */
export function connectionsPolicy(max: number, peers: () => Iterable<Peer>): Policy {
  if (max === 0) return {};
  return {
    admit(pubkey, peer) {
      if (pubkey === undefined) return accept;
      let others = 0;
      for (const other of peers()) {
        if (other !== peer && other.pubkeys.has(pubkey)) others += 1;
      }
      return others < max
        ? accept
        : reject("rate-limited", `this key has ${max} connections already`);
    },
  };
}
