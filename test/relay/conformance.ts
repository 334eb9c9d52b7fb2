/**
 * The rules of the NIPs as a client sees them, one test a rule, over whatever `connect` opens: plain
 * or secure, in memory or on a socket. The numbers are those of the project's sheet of relay
 * semantics. The relay must be set up with `NOW`, `CONFORMANCE_LIMITS` and optional authentication.
 */

import { describe } from "node:test";
import type { Information } from "../../src/relay/information.ts";
import { countRules } from "./conformance/counts.ts";
import { deletionRules } from "./conformance/deletion.ts";
import { expirationRules } from "./conformance/expiration.ts";
import { filterRules } from "./conformance/filters.ts";
import { giftWrapRules } from "./conformance/gift-wraps.ts";
import { limitRules } from "./conformance/limits.ts";
import { messageRules } from "./conformance/messages.ts";
import { negentropyRules } from "./conformance/negentropy.ts";
import { protectionRules } from "./conformance/protection.ts";
import { searchRules } from "./conformance/search.ts";
import type { Connect } from "./conformance/session.ts";
import { orderRules, storageRules } from "./conformance/storage.ts";
import { strangeRules } from "./conformance/strange.ts";
import { subscriptionRules } from "./conformance/subscriptions.ts";
import { vanishingRules } from "./conformance/vanishing.ts";

/** `url` is one that the relay takes for its own; `inform` gives its NIP-11 document. */
export function conformance(
  name: string,
  connect: Connect,
  url: string,
  inform: () => Promise<Information>,
): void {
  describe(`conformance: ${name}`, () => {
    rulesForAnybody(connect);
    orderRules(connect);
    protectionRules(connect);
    giftWrapRules(connect);
    vanishingRules(connect, url);
    limitRules(connect, inform);
    strangeRules(connect);
  });
}

/** The same without the rules for which the relay must know the client, and be alone. */
export function conformanceForAnybody(name: string, connect: Connect): void {
  describe(`conformance: ${name}`, () => rulesForAnybody(connect));
}

function rulesForAnybody(connect: Connect): void {
  storageRules(connect);
  filterRules(connect);
  subscriptionRules(connect);
  countRules(connect);
  searchRules(connect);
  messageRules(connect);
  negentropyRules(connect);
  deletionRules(connect);
  expirationRules(connect);
}
