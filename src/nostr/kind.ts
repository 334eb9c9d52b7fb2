/** What a kind number means for storage (NIP-01, "Kinds"). */

export type KindClass = "regular" | "replaceable" | "ephemeral" | "addressable";

export const MAX_KIND = 65_535;

/** A follow list (NIP-02). */
export const KIND_FOLLOWS = 3;

/** Request to delete events of one's own (NIP-09). */
export const KIND_DELETION = 5;

/** Request to vanish (NIP-62). */
export const KIND_VANISH = 62;

/** Gift wraps (NIP-59): only their recipients may see them. */
export const KIND_GIFT_WRAP = 1059;
export const KIND_EPHEMERAL_GIFT_WRAP = 21_059;

/** Where somebody writes and reads (NIP-65), and where messages reach them (NIP-17). */
export const KIND_RELAY_LIST = 10_002;
export const KIND_MESSAGE_RELAYS = 10_050;

/** Client authentication (NIP-42): never stored, never broadcast. */
export const KIND_AUTH = 22_242;

/** A report of something objectionable (NIP-56). */
export const KIND_REPORT = 1984;

/** Authorization of an HTTP request (NIP-98). */
export const KIND_HTTP_AUTH = 27_235;

export function classifyKind(kind: number): KindClass {
  if (kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000)) return "replaceable";
  if (kind >= 20_000 && kind < 30_000) return "ephemeral";
  if (kind >= 30_000 && kind < 40_000) return "addressable";
  return "regular";
}

/** Whether a newer event of that kind takes the place of an older one at the same address. */
export function hasVersions(kind: number): boolean {
  const kindClass = classifyKind(kind);
  return kindClass === "replaceable" || kindClass === "addressable";
}
