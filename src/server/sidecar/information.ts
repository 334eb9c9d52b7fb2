/**
 * The NIP-11 document of a sidecar: the one of the relay behind, with the key that answers here and
 * with what the door demands. While that relay is not reached, a short one of our own.
 */

import type { Clock } from "../../clock.ts";
import type { PublicKey } from "../../nostr/key.ts";
import { isRecord } from "../../nostr/parsed.ts";
import { restrictsWrites } from "../../policy/access.ts";
import type { RelayConfig } from "../config.ts";
import { SOFTWARE, VERSION } from "../version.ts";

type Document = Readonly<Record<string, unknown>>;

/** Seconds that an answer, or a failure, serves everybody who asks. */
const FRESH = 10;
/** Milliseconds for the relay behind to answer. */
const TIMEOUT = 5_000;
const MAX_BYTES = 65_536;

/** What the door itself does, and what a document that is passed through must not promise. */
const NIPS_AT_THE_DOOR = [11, 42];
const NIPS_NOT_PASSED_ON = new Set([86, 98]);

/** Fetches the document of the relay behind: once for all who ask within some seconds. */
export class UpstreamInformation {
  readonly #url: string;
  readonly #clock: Clock;
  #asked: number | undefined;
  #document: Promise<Document | undefined> = Promise.resolve(undefined);

  /** `url`: `http://…` or `https://…` */
  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /** `undefined` where there is none to be had. Never rejects. */
  read(): Promise<Document | undefined> {
    const now = this.#clock.now();
    if (this.#asked === undefined || now - this.#asked >= FRESH) {
      this.#asked = now;
      this.#document = fetchDocument(this.#url).catch(() => undefined);
    }
    return this.#document;
  }
}

/** `theirs` with what is different here. */
export function sidecarInformation(
  theirs: Document | undefined,
  config: Pick<RelayConfig, "access" | "auth" | "information" | "limits">,
  self: PublicKey,
): Document {
  const { name, description } = config.information;
  const base = theirs ?? { name, description, software: SOFTWARE, version: VERSION };
  return {
    ...base,
    self,
    supported_nips: nipsAtTheDoor(base["supported_nips"]),
    limitation: limitation(base["limitation"], config),
    transports: ["npubwire/1"],
  };
}

function nipsAtTheDoor(theirs: unknown): readonly number[] {
  const nips: readonly unknown[] = Array.isArray(theirs) ? theirs : [];
  const passedOn = nips.filter(isNip).filter((nip) => !NIPS_NOT_PASSED_ON.has(nip));
  return [...new Set([...passedOn, ...NIPS_AT_THE_DOOR])].sort((a, b) => a - b);
}

function isNip(nip: unknown): nip is number {
  return Number.isSafeInteger(nip);
}

function limitation(
  theirs: unknown,
  { access, auth, limits }: Pick<RelayConfig, "access" | "auth" | "limits">,
): Document {
  const base: Document = isRecord(theirs) ? theirs : {};
  const { max_message_length: length, restricted_writes: restricted } = base;
  const isLength = typeof length === "number" && length > 0;
  return {
    ...base,
    max_message_length: isLength
      ? Math.min(length, limits.maxMessageLength)
      : limits.maxMessageLength,
    auth_required: auth === "required" || base["auth_required"] === true,
    restricted_writes: restrictsWrites(access) || restricted === true,
  };
}

async function fetchDocument(url: string): Promise<Document | undefined> {
  const response = await fetch(url, {
    headers: { Accept: "application/nostr+json" },
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  const bytes: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (!response.ok || length > MAX_BYTES) return undefined;
    bytes.push(chunk);
  }
  const document: unknown = JSON.parse(Buffer.concat(bytes).toString());
  JSON.stringify(document); // nesting that is read may still be too deep to be written again
  return isRecord(document) ? document : undefined;
}
