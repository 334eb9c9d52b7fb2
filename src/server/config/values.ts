/** What settings may be, as far as a type does not say it. */

import { isIP } from "node:net";
import { addressOf, parseAddress } from "../../nostr/address.ts";
import { isPublicKey } from "../../nostr/key.ts";

export function isNotEmpty(value: string): boolean {
  return value !== "" && !value.includes("\0");
}

export function isInviteCode(value: string): boolean {
  return value.length >= 16 && value.length <= 128;
}

export function isHost(value: string): boolean {
  return isIP(value) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value);
}

export function isPath(value: string): boolean {
  if (!value.startsWith("/") || value.startsWith("//") || /[?#]/.test(value)) return false;
  return new URL(value, "ws://host").pathname === value;
}

export function isRelayUrl(value: string): boolean {
  const anyKey = "0".repeat(64);
  return parseAddress(value).ok || (isPublicKey(anyKey) && addressOf(value, anyKey).ok);
}

export function isVariableName(value: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(value);
}

export function isNetwork(value: string): boolean {
  const [address = "", bits, more] = value.split("/");
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  );
}
