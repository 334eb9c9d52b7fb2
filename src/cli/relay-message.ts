/** What a relay says (NIP-01), read with the same distrust as everything from the network. */

import { isRecord } from "../nostr/parsed.ts";

export type RelayMessage =
  | {
      readonly type: "EVENT";
      readonly subscription: string;
      /** Neither parsed nor verified. */
      readonly event: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: "OK";
      readonly id: string;
      readonly accepted: boolean;
      readonly reason: string;
    }
  | { readonly type: "EOSE"; readonly subscription: string }
  | { readonly type: "CLOSED"; readonly subscription: string; readonly reason: string }
  | { readonly type: "NOTICE"; readonly text: string }
  /** Of another kind, or not a message at all. */
  | { readonly type: "other" };

const OTHER: RelayMessage = { type: "other" };

export function parseRelayMessage(text: string): RelayMessage {
  const [type, first, second, third] = readArray(text);
  if (typeof first !== "string") return OTHER;
  switch (type) {
    case "EVENT":
      return isRecord(second) ? { type, subscription: first, event: second } : OTHER;
    case "OK":
      if (typeof second !== "boolean") return OTHER;
      return { type, id: first, accepted: second, reason: typeof third === "string" ? third : "" };
    case "EOSE":
      return { type, subscription: first };
    case "CLOSED":
      return { type, subscription: first, reason: typeof second === "string" ? second : "" };
    case "NOTICE":
      return { type, text: first };
    default:
      return OTHER;
  }
}

function readArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
