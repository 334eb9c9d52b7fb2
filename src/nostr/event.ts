/**
 * Events (NIP-01): parse, compute the id, verify. Only `verifyEvent` and `signEvent` can make a
 * `VerifiedEvent`; the store, policies and live delivery accept nothing else.
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import type { CryptoProvider } from "../crypto.ts";
import { bytesOfHex, isHex } from "./hex.ts";
import {
  type EventId,
  isEventId,
  isPublicKey,
  type PublicKey,
  publicKeyOf,
  type SecretKey,
} from "./key.ts";
import { classifyKind, MAX_KIND } from "./kind.ts";
import { isRecord, isWellFormed, malformed, type Parsed, parsed } from "./parsed.ts";

export type Tag = readonly string[];

export interface NostrEvent {
  readonly id: EventId;
  readonly pubkey: PublicKey;
  /** Unix time in seconds, 0 to {@link MAX_CREATED_AT}. */
  readonly created_at: number;
  readonly kind: number;
  readonly tags: readonly Tag[];
  readonly content: string;
  /** 128 lower-case hex digits. */
  readonly sig: string;
}

/** What a signer is asked to sign: NIP-07's argument. */
export type EventTemplate = Pick<NostrEvent, "created_at" | "kind" | "tags" | "content">;

declare const verifiedBrand: unique symbol;

/**
 * A frozen event whose id and signature are right, with its text as it is stored and sent. Its tags
 * are read-only by their type alone: frozen arrays take several times as long to read.
 */
export interface VerifiedEvent extends NostrEvent {
  readonly [verifiedBrand]: true;
  /** Canonical JSON: the seven NIP-01 fields, `id` first. */
  readonly json: string;
}

/** Newest time stamp that is accepted (year 2242): the store packs it into 33 bits. */
export const MAX_CREATED_AT: number = 2 ** 33 - 1;

/** Checks the shape of an event; unknown fields are dropped, not refused. Does not verify. */
export function parseEvent(value: unknown): Parsed<NostrEvent> {
  if (!isRecord(value)) return malformed("event is not an object");
  const { id, pubkey, created_at, kind, tags, content, sig } = value;
  if (!isEventId(id)) return malformed("id is not 64 lower-case hex digits");
  if (!isPublicKey(pubkey)) return malformed("pubkey is not 64 lower-case hex digits");
  if (!isIntegerWithin(created_at, MAX_CREATED_AT)) {
    return malformed("created_at is not a unix time in seconds");
  }
  if (!isIntegerWithin(kind, MAX_KIND)) return malformed("kind is not an integer from 0 to 65535");
  if (!isTags(tags)) return malformed("tags is not an array of arrays of strings");
  if (typeof content !== "string" || !isWellFormed(content)) {
    return malformed("content is not a string of Unicode characters");
  }
  if (typeof sig !== "string" || !isHex(sig, 128)) {
    return malformed("sig is not 128 lower-case hex digits");
  }
  // `+ 0` turns JSON's -0 into 0.
  return parsed({ id, pubkey, created_at: created_at + 0, kind: kind + 0, tags, content, sig });
}

/** Checks id and signature. The reason is fit for `OK … false "invalid: …"`. */
export function verifyEvent(event: NostrEvent, crypto: CryptoProvider): Parsed<VerifiedEvent> {
  const body = bodyOf(event);
  if (!hasId(event, body, crypto)) return malformed(WRONG_ID);
  const isSigned = crypto.verifySchnorr(...signatureOf(event));
  return isSigned ? parsed(mintVerified(event, body)) : malformed(WRONG_SIGNATURE);
}

/** `CryptoProvider.verifySchnorr` where it takes its time, such as in another thread. */
export type SignatureCheck = (
  ...signature: Parameters<CryptoProvider["verifySchnorr"]>
) => Promise<boolean>;

/** As {@link verifyEvent}, with the signature checked elsewhere. */
export async function verifyEventElsewhere(
  event: NostrEvent,
  crypto: CryptoProvider,
  check: SignatureCheck,
): Promise<Parsed<VerifiedEvent>> {
  const body = bodyOf(event);
  if (!hasId(event, body, crypto)) return malformed(WRONG_ID);
  const isSigned = await check(...signatureOf(event));
  return isSigned ? parsed(mintVerified(event, body)) : malformed(WRONG_SIGNATURE);
}

/** Signs a template with a secret key. */
export function signEvent(
  template: EventTemplate,
  secretKey: SecretKey,
  crypto: CryptoProvider,
): VerifiedEvent {
  const { created_at, kind, tags, content } = template;
  const unsigned = { pubkey: publicKeyOf(secretKey, crypto), created_at, kind, tags, content };
  const body = bodyOf(unsigned);
  const id = crypto.hashText(serialize(unsigned, body)) as EventId;
  const sig = bytesToHex(crypto.signSchnorr(bytesOfHex(id), secretKey));
  return mintVerified({ id, ...unsigned, sig }, body);
}

/** Where the id ends in an event's canonical JSON: it stands behind `{"id":"`. */
export const ID_END = 71;

/** The id inside an event's canonical JSON, or inside its beginning, without parsing it. */
export function idOfJson(json: string): EventId {
  return json.slice(7, ID_END) as EventId;
}

/**
 * What `#x` filters see of an event, each pair once: the first value of every single-letter tag
 * (a missing value counts as empty), and `d` = "" for addressable events that have no `d` tag.
 */
export function indexedTags(
  event: NostrEvent,
): readonly (readonly [name: string, value: string])[] {
  const pairs = new Map<string, readonly [string, string]>();
  for (const [name, value = ""] of event.tags) {
    if (name !== undefined && isTagLetter(name)) pairs.set(name + value, [name, value]);
  }
  if (classifyKind(event.kind) === "addressable" && !event.tags.some((tag) => tag[0] === "d")) {
    pairs.set("d", ["d", ""]);
  }
  return [...pairs.values()];
}

export function isTagLetter(name: string): boolean {
  return name.length === 1 && /[a-zA-Z]/.test(name);
}

/** The value of the first tag of that name; "" when the tag has no value. */
export function tagValue(event: NostrEvent, name: string): string | undefined {
  const tag = event.tags.find((candidate) => candidate[0] === name);
  return tag && (tag[1] ?? "");
}

/** The `d` that makes an addressable event replace another: first `d` tag, else empty. */
export function identifierOf(event: NostrEvent): string {
  return classifyKind(event.kind) === "addressable" ? (tagValue(event, "d") ?? "") : "";
}

/** Newest first; at the same second the lowest id first (NIP-01). */
export function compareNewestFirst(a: NostrEvent, b: NostrEvent): number {
  return b.created_at - a.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

const WRONG_ID = "id does not match the event";
const WRONG_SIGNATURE = "signature does not verify";

function signatureOf({ sig, id, pubkey }: NostrEvent): Parameters<SignatureCheck> {
  return [bytesOfHex(sig), bytesOfHex(id), bytesOfHex(pubkey)];
}

/** Tags and content as JSON: what the id is made from and what is stored have in common. */
type Body = Readonly<Record<"tags" | "content", string>>;

function bodyOf({ tags, content }: Pick<NostrEvent, keyof Body>): Body {
  return { tags: JSON.stringify(tags), content: JSON.stringify(content) };
}

/** What is not in `body` is digits, hex digits at that: the id and the signature are right. */
function mintVerified(event: NostrEvent, body: Body): VerifiedEvent {
  const { id, pubkey, created_at, kind, tags, content, sig } = event;
  const json =
    `{"id":"${id}","pubkey":"${pubkey}","created_at":${created_at},"kind":${kind},` +
    `"tags":${body.tags},"content":${body.content},"sig":"${sig}"}`;
  return Object.freeze({ id, pubkey, created_at, kind, tags, content, sig, json }) as VerifiedEvent;
}

type Unsigned = Omit<NostrEvent, "id" | "sig">;

function hasId(event: NostrEvent, body: Body, crypto: CryptoProvider): boolean {
  const text = serialize(event, body);
  if (crypto.hashText(text) === event.id) return true;
  // NIP-01 wants control characters other than its seven verbatim; JSON.stringify writes \u00XX.
  // Signers do either, so both forms of the id are accepted.
  const verbatim = verbatimControls(text);
  return verbatim !== text && crypto.hashText(verbatim) === event.id;
}

function serialize({ pubkey, created_at, kind }: Unsigned, { tags, content }: Body): string {
  return `[0,"${pubkey}",${created_at},${kind},${tags},${content}]`;
}

function verbatimControls(text: string): string {
  // An escape counts only after an even number of backslashes: `\\u0001` is a backslash and text.
  return text.replace(/\\(?:u00([01][0-9a-f])|.)/g, (sequence, hex: string | undefined) =>
    hex === undefined ? sequence : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function isIntegerWithin(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

function isTags(value: unknown): value is readonly Tag[] {
  return (
    Array.isArray(value) &&
    value.every(
      (tag) =>
        Array.isArray(tag) && tag.every((item) => typeof item === "string" && isWellFormed(item)),
    )
  );
}
