/** Reconciliation as nostr-tools' client does it, against anything that answers messages. */

import { createHash } from "node:crypto";
import { nip77 } from "nostr-tools";
import type { EventId } from "../../src/nostr/key.ts";
import type { Place } from "../../src/store.ts";

export interface Difference {
  /** Ids that the client alone has, sorted. */
  readonly have: readonly string[];
  /** Ids that the other end alone has, sorted. */
  readonly need: readonly string[];
  readonly rounds: number;
}

/** `answer` takes and gives messages in hex. */
export async function reconcile(
  records: Iterable<Place>,
  answer: (message: string) => string | Promise<string>,
): Promise<Difference> {
  const storage = new nip77.NegentropyStorageVector();
  for (const { created_at, id } of records) storage.insert(created_at, id);
  storage.seal();
  const client = new nip77.Negentropy(storage);
  const [have, need]: string[][] = [[], []];
  let rounds = 0;
  for (let message: string | null = client.initiate(); message !== null; rounds += 1) {
    message = client.reconcile(
      await answer(message),
      (id) => have?.push(id),
      (id) => need?.push(id),
    );
  }
  return { have: [...new Set(have)].sort(), need: [...new Set(need)].sort(), rounds };
}

/** The n-th of a world of records, none of which are alike. Some share their second. */
export function record(n: number): Place {
  const id = createHash("sha256").update(`record ${n}`).digest("hex") as EventId;
  return { created_at: 1_700_000_000 + Math.floor(n / 3), id };
}

export function newestFirst(records: Iterable<Place>): readonly Place[] {
  return [...records].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
}

export function sortedIds(records: Iterable<Place>): readonly string[] {
  return [...records].map(({ id }) => id).sort();
}
