/** Events for end-to-end tests: 720 real ones where they are present, generated ones otherwise. */

import { existsSync, readFileSync } from "node:fs";
import type { NostrEvent as ToolsEvent } from "nostr-tools/core";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto.ts";
import {
  type EventTemplate,
  parseEvent,
  signEvent,
  type VerifiedEvent,
  verifyEvent,
} from "../../src/nostr/event.ts";
import { generateSecretKey, type SecretKey } from "../../src/nostr/key.ts";

const REAL_EVENTS = "../shared/data/real-events.jsonl";
const GENERATED = 720;

export const crypto: CryptoProvider = createNodeCrypto();

/** Verified events of kinds 0, 1, 3, 6 and 7, several versions of some replaceable ones among them. */
export function someEvents(): readonly VerifiedEvent[] {
  return existsSync(REAL_EVENTS) ? realEvents() : generatedEvents();
}

/** An event with what matters for the test. */
export function note(
  fields: Partial<EventTemplate> = {},
  key: SecretKey = newKey(),
): VerifiedEvent {
  const now = Math.floor(Date.now() / 1000);
  return signEvent({ kind: 1, created_at: now, tags: [], content: "", ...fields }, key, crypto);
}

export function newKey(): SecretKey {
  return generateSecretKey(crypto);
}

/** The seven fields, as a mutable object that nostr-tools takes. */
export function forTools(event: VerifiedEvent): ToolsEvent {
  return JSON.parse(event.json) as ToolsEvent;
}

function realEvents(): readonly VerifiedEvent[] {
  const lines = readFileSync(REAL_EVENTS, "utf8").trim().split("\n");
  return lines.map((line) => {
    const event = parseEvent(JSON.parse(line));
    const verified = event.ok ? verifyEvent(event.value, crypto) : event;
    if (!verified.ok) throw new Error(verified.reason);
    return verified.value;
  });
}

function generatedEvents(): readonly VerifiedEvent[] {
  const keys = Array.from({ length: 40 }, newKey);
  const kinds = [0, 1, 1, 1, 3, 6, 7];
  return Array.from({ length: GENERATED }, (_, index) => {
    const kind = kinds[index % kinds.length] ?? 1;
    const created_at = 1_600_000_000 + ((index * 7_919) % 100_000);
    const tags =
      index % 3 === 0
        ? [
            ["t", `topic-${index % 10}`],
            ["p", "ab".repeat(32)],
          ]
        : [];
    return note(
      { kind, created_at, tags, content: `event ${index} 🌍` },
      keys[index % keys.length],
    );
  });
}
