/** `bunker://` addresses: where a remote signer answers, and as whom (NIP-46). */

import { endpointOf } from "./address.ts";
import { isPublicKey, type PublicKey } from "./key.ts";
import { malformed, type Parsed, parsed } from "./parsed.ts";

export interface BunkerAddress {
  /** The signer's own key, which need not be the one that it signs with. */
  readonly signer: PublicKey;
  /** URLs of the relays where it listens; `nostr+ws://npub1…@host` for encrypted ones. */
  readonly relays: readonly string[];
  /** Good for one `connect`. */
  readonly secret: string | undefined;
}

/** Reads `bunker://<hex>?relay=<url>&relay=<url>&secret=<text>`. Reasons never repeat the input. */
export function parseBunker(text: string): Parsed<BunkerAddress> {
  const [, signer, query] = /^bunker:\/\/([0-9a-f]{64})\/?\?([^#]*)$/i.exec(text.trim()) ?? [];
  const key = signer?.toLowerCase();
  if (!isPublicKey(key)) return malformed("expected bunker://<64 hex digits>?relay=wss://…");
  const parameters = new URLSearchParams(query);
  // A bare + of an encrypted relay's scheme means a space here; people write it all the same.
  const urls = parameters.getAll("relay").map((url) => url.replace(/^nostr (?=wss?:)/, "nostr+"));
  const relays = [...new Set(urls)];
  if (relays.length === 0) return malformed("the bunker address names no relay");
  if (relays.length > MAX_RELAYS) return malformed("the bunker address names too many relays");
  if (!relays.every((url) => endpointOf(url).ok)) {
    return malformed(
      "the bunker address names a relay by something that is no ws:// or wss:// URL",
    );
  }
  return parsed({ signer: key, relays, secret: parameters.get("secret") ?? undefined });
}

/** Without the secret, which is good for one `connect`. */
export function encodeBunker({ signer, relays }: BunkerAddress): string {
  const query = relays.map((url) => `relay=${encodeURIComponent(url)}`).join("&");
  return `bunker://${signer}?${query}`;
}

const MAX_RELAYS = 8;
