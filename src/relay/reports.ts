/** What users have reported (NIP-56) and no administrator has ruled on: NIP-86's events that need moderation. */

import type { Rulings } from "../moderation.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import { type EventId, isEventId } from "../nostr/key.ts";
import { KIND_REPORT } from "../nostr/kind.ts";
import type { EventStore } from "../store.ts";

export interface ReportedEvent {
  readonly id: EventId;
  /** What the newest report says: its type, and the words of whoever reported. */
  readonly reason: string;
}

/** Newest reports that are looked at. */
const MAX_REPORTS = 5_000;
/** Reported events in one answer; rulings make room for the next. */
const MAX_REPORTED = 500;
const MAX_REASON = 500;

/** Most recently reported first: events that are stored, and neither banned nor allowed. */
export async function reportedEvents(
  store: EventStore,
  rulings: Rulings,
): Promise<readonly ReportedEvent[]> {
  const reasons = new Map<EventId, string>();
  const reports: Filter = { kinds: new Set([KIND_REPORT]), tags: new Map(), limit: MAX_REPORTS };
  for await (const page of store.query([reports])) {
    for (const json of page) collect(JSON.parse(json) as NostrEvent, reasons, rulings);
    if (reasons.size >= MAX_REPORTED) break;
  }
  const present = await storedOf([...reasons.keys()].slice(0, MAX_REPORTED), store);
  return [...reasons].filter(([id]) => present.has(id)).map(([id, reason]) => ({ id, reason }));
}

function collect(report: NostrEvent, reasons: Map<EventId, string>, rulings: Rulings): void {
  for (const [name, id, type = ""] of report.tags) {
    if (name !== "e" || !isEventId(id) || reasons.has(id)) continue;
    if (rulings.has("banned event", id) || rulings.has("allowed event", id)) continue;
    const words = [type, report.content].filter((text) => text !== "").join(": ");
    reasons.set(id, words.slice(0, MAX_REASON));
  }
}

async function storedOf(ids: readonly EventId[], store: EventStore): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  if (ids.length === 0) return present;
  for await (const page of store.query([{ ids: new Set(ids), tags: new Map() }])) {
    for (const json of page) present.add((JSON.parse(json) as NostrEvent).id);
  }
  return present;
}
