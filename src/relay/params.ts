/** The parameters of management calls (NIP-86): parsed one by one, in words for the administrator. */

import { type EventId, isEventId, isPublicKey, type PublicKey } from "../nostr/key.ts";
import { MAX_KIND } from "../nostr/kind.ts";
import type { Role } from "../nostr/membership.ts";
import { isWellFormed } from "../nostr/parsed.ts";

/** A call cannot be carried out; the message is what the administrator reads. */
export class CallError extends Error {
  override readonly name = "CallError";
}

/** Each getter throws a {@link CallError} when the parameter is missing or wrong. */
export class Params {
  readonly #values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  pubkey(index: number): PublicKey {
    const value = this.#values[index];
    if (isPublicKey(value)) return value;
    throw wrong(index, "a public key of 64 lower-case hex digits");
  }

  eventId(index: number): EventId {
    const value = this.#values[index];
    if (isEventId(value)) return value;
    throw wrong(index, "an event id of 64 lower-case hex digits");
  }

  kind(index: number): number {
    const value = this.#values[index];
    if (isWithin(value, MAX_KIND)) return value + 0; // JSON's -0 becomes 0
    throw wrong(index, `a kind from 0 to ${MAX_KIND}`);
  }

  /** At most {@link MAX_TEXT} characters. */
  text(index: number): string {
    const value = this.#values[index];
    if (typeof value === "string" && value.length <= MAX_TEXT && isWellFormed(value)) return value;
    throw wrong(index, `a text of at most ${MAX_TEXT} characters`);
  }

  /** As `text`, empty where it is left out. */
  optionalText(index: number): string {
    return this.#isAbsent(index) ? "" : this.text(index);
  }

  /** A web address, or empty for none. */
  webUrl(index: number): string {
    const text = this.text(index);
    if (text === "" || (/^https?:\/\//i.test(text) && URL.canParse(text))) return text;
    throw wrong(index, "a URL that begins with http:// or https://, or nothing");
  }

  roleId(index: number): string {
    const id = this.text(index);
    if (id !== "" && id.length <= MAX_ROLE_ID) return id;
    throw wrong(index, `the id of a role, of 1 to ${MAX_ROLE_ID} characters`);
  }

  /** What is left out, null or empty is not in it. */
  role(): Role {
    const [label, description] = [this.optionalText(1), this.optionalText(2)];
    const color = this.#optionalNumber(3, MAX_HUE);
    const order = this.#optionalNumber(4, Number.MAX_SAFE_INTEGER);
    return {
      id: this.roleId(0),
      ...(label === "" ? {} : { label }),
      ...(description === "" ? {} : { description }),
      ...(color === undefined ? {} : { color }),
      ...(order === undefined ? {} : { order }),
    };
  }

  /** NIP-43 shows numbers as texts, NIP-86 does not say. */
  #optionalNumber(index: number, max: number): number | undefined {
    if (this.#isAbsent(index) || this.#values[index] === "") return undefined;
    const value = this.#values[index];
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    if (isWithin(number, max)) return number + 0;
    throw wrong(index, `a whole number from 0 to ${max}`);
  }

  #isAbsent(index: number): boolean {
    return this.#values[index] === undefined || this.#values[index] === null;
  }
}

const MAX_TEXT = 4_096;
const MAX_ROLE_ID = 256;
const MAX_HUE = 360;

function wrong(index: number, expected: string): CallError {
  return new CallError(`params[${index}]: expected ${expected}`);
}

function isWithin(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}
