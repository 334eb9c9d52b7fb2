/**
 * The rules of the NIPs as a client sees them, one test a rule, over whatever `connect` opens: plain
 * or secure, in memory or on a socket. The numbers are those of the project's sheet of relay
 * semantics. The relay must be set up with `NOW`, `CONFORMANCE_LIMITS` and optional authentication.
 */

import { describe } from "node:test";
import { deletionRules } from "./conformance/deletion.ts";
import { expirationRules } from "./conformance/expiration.ts";
import { filterRules } from "./conformance/filters.ts";
import { giftWrapRules } from "./conformance/gift-wraps.ts";
import { messageRules } from "./conformance/messages.ts";
import { negentropyRules } from "./conformance/negentropy.ts";
import { protectionRules } from "./conformance/protection.ts";
import type { Connect } from "./conformance/session.ts";
import { storageRules } from "./conformance/storage.ts";
import { subscriptionRules } from "./conformance/subscriptions.ts";
import { vanishingRules } from "./conformance/vanishing.ts";

/** `url` is one that the relay takes for its own. */
export function conformance(name: string, connect: Connect, url: string): void {
  describe(`conformance: ${name}`, () => {
    storageRules(connect);
    filterRules(connect);
    subscriptionRules(connect);
    messageRules(connect);
    negentropyRules(connect);
    deletionRules(connect);
    expirationRules(connect);
    protectionRules(connect);
    giftWrapRules(connect);
    vanishingRules(connect, url);
  });
}
