/** The payload of message 2: what the relay says before it knows anybody (SPEC, "Hello"). */

import { utf8ToBytes } from "@noble/hashes/utils.js";
import {
  HELLO_PADDING,
  MAX_HELLO_BYTES,
  MAX_HELLO_TIME,
  MAX_MAX_MESSAGE,
  MIN_MAX_MESSAGE,
} from "./constants.ts";
import { TransportError } from "./errors.ts";

export interface Hello {
  /** Whether the relay takes `["ANON"]` instead of an auth event. */
  readonly auth: "required" | "optional";
  /** Longest message the relay takes, in bytes of UTF-8. */
  readonly maxMessage: number;
  /** The relay's clock, unix seconds: the auth event's created_at. */
  readonly time: number;
}

export function encodeHello(hello: Hello): Uint8Array {
  const { auth, maxMessage, time } = hello;
  const json = JSON.stringify({ auth, max_message: maxMessage, time });
  return utf8ToBytes(json.padEnd(Math.ceil(json.length / HELLO_PADDING) * HELLO_PADDING));
}

/** Throws `hello`. Unknown keys are ignored; `auth` other than "optional" means required. */
export function parseHello(bytes: Uint8Array): Hello {
  if (bytes.length === 0 || bytes.length % HELLO_PADDING !== 0 || bytes.length > MAX_HELLO_BYTES) {
    throw new TransportError("hello", "the relay's hello has a wrong length");
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new TransportError("hello", "the relay's hello is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TransportError("hello", "the relay's hello is not an object");
  }
  const { auth, max_message, time } = value as Readonly<Record<string, unknown>>;
  return {
    auth: auth === "optional" ? "optional" : "required",
    maxMessage: integerWithin(max_message, MIN_MAX_MESSAGE, MAX_MAX_MESSAGE, "max_message"),
    time: integerWithin(time, 0, MAX_HELLO_TIME, "time"),
  };
}

function integerWithin(value: unknown, min: number, max: number, name: string): number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw new TransportError("hello", `the relay's hello has no valid ${name}`);
  }
  return value as number;
}
