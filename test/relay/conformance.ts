/**
 * The rules of a relay as a client sees them, one test a rule, over whatever `connect` opens: plain
 * or secure, in memory or on a socket. The numbers are those of the project's sheet of relay
 * semantics. The relay must be set up with `NOW`, `CONFORMANCE_LIMITS` and optional authentication.
 */

import { describe } from "node:test";
import { countRules } from "./conformance/counts.ts";
import { filterRules } from "./conformance/filters.ts";
import { messageRules } from "./conformance/messages.ts";
import { searchRules } from "./conformance/search.ts";
import type { Connect } from "./conformance/session.ts";
import { storageRules } from "./conformance/storage.ts";
import { subscriptionRules } from "./conformance/subscriptions.ts";

export function conformance(name: string, connect: Connect): void {
  describe(`conformance: ${name}`, () => {
    storageRules(connect);
    filterRules(connect);
    subscriptionRules(connect);
    countRules(connect);
    searchRules(connect);
    messageRules(connect);
  });
}
