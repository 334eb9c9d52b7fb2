/** Access settings for tests: open, but for what a test says. */

import assert from "node:assert/strict";
import { type Filter, parseFilter } from "../../src/nostr/filter.ts";
import type { AccessSettings, WhoAndWhatSettings } from "../../src/policy/access.ts";

export function open(settings: Partial<WhoAndWhatSettings> = {}): WhoAndWhatSettings {
  return { allow: ["everybody"], deny: [], kinds: ["0-65535"], exceptKinds: [], ...settings };
}

export const OPEN: AccessSettings = {
  connect: open(),
  read: open(),
  write: open(),
  relayLists: "writers",
};

export function filterOf(value: object): Filter {
  const filter = parseFilter(value);
  assert(filter.ok);
  return filter.value;
}
