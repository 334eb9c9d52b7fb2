/** Roles of members (NIP-43), as far as management reaches them; who keeps and publishes them is behind it. */

import type { PublicKey } from "../nostr/key.ts";
import type { Role } from "../nostr/membership.ts";
import type { Parsed } from "../nostr/parsed.ts";

/** Each answers why it cannot be done, where it cannot. */
export interface Roles {
  create(role: Role): Promise<Parsed<true>>;
  edit(role: Role): Promise<Parsed<true>>;
  delete(id: string): Promise<Parsed<true>>;
  assign(pubkey: PublicKey, id: string): Promise<Parsed<true>>;
  unassign(pubkey: PublicKey, id: string): Promise<Parsed<true>>;
}
