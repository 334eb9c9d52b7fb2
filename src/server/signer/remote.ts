/**
 * A signer that lives elsewhere and is asked over relays (NIP-46): requests and answers are events
 * that only the two can read. Whatever comes back, or does not, ends in an answer or a typed error.
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import { decrypt, encrypt, getConversationKey } from "nostr-tools/nip44";
import type { Signer, SignerTemplate } from "../../channel/dial.ts";
import { DialError } from "../../channel/errors.ts";
import type { Link } from "../../channel.ts";
import type { Clock } from "../../clock.ts";
import type { CryptoProvider } from "../../crypto.ts";
import type { BunkerAddress } from "../../nostr/bunker.ts";
import { parseEvent, signEvent, verifyEvent } from "../../nostr/event.ts";
import { isPublicKey, type PublicKey, publicKeyOf, type SecretKey } from "../../nostr/key.ts";
import { KIND_AUTH } from "../../nostr/kind.ts";
import { isRecord } from "../../nostr/parsed.ts";
import { printable } from "../log.ts";
import { Mailbox } from "./mailbox.ts";

export interface RemoteSignerOptions {
  readonly bunker: BunkerAddress;
  /** The key that it must sign with, once that is known. */
  readonly user?: PublicKey | undefined;
  /** By which the signer knows us; it has nothing to do with the key that it signs with. */
  readonly clientKey: SecretKey;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** Milliseconds for each answer. */
  readonly deadline: number;
  dial(url: string): Promise<Link>;
  /** The signer wants the person to visit this http(s) URL before it answers. */
  onAuthUrl(url: string): void;
}

/**
 * Throws a {@link DialError} for a key that cannot be one, and every method rejects with one: `signer` when it refuses or answers nonsense,
 * `signer-timeout`, or `signer-unreachable` when none of its relays can be used.
 */
export class RemoteSigner implements Signer {
  readonly #options: RemoteSignerOptions;
  readonly #conversationKey: Uint8Array;
  readonly #mailboxes: readonly Mailbox[];
  /** By the ids of requests. */
  readonly #pending = new Map<string, Request>();

  constructor(options: RemoteSignerOptions) {
    const { bunker, clientKey, crypto } = options;
    this.#options = options;
    this.#conversationKey = sharedKey(clientKey, bunker.signer);
    const client = publicKeyOf(clientKey, crypto);
    const filter = {
      kinds: [KIND_REMOTE_SIGNING],
      authors: [bunker.signer],
      "#p": [client],
      limit: 0,
    };
    this.#mailboxes = bunker.relays.map((url) => {
      const mailbox: Mailbox = new Mailbox({
        filter,
        dial: () => options.dial(url),
        authenticate: (challenge) => this.#authenticate(challenge, url),
        waiting: (eventId) => this.#waiting(eventId)?.event,
        onEvent: (event) => this.#receive(event),
        onRefused: (eventId, reason) => this.#lose(mailbox, `it refuses: ${reason}`, eventId),
        onLost: () => this.#lose(mailbox, "the connection was lost"),
      });
      return mailbox;
    });
  }

  /** Introduces us, with the secret of the bunker address. Needed once for a client key. */
  async connect(): Promise<void> {
    const { signer, secret = "" } = this.#options.bunker;
    const metadata = JSON.stringify({ name: "npubwire gateway" });
    const answer = await this.#request("connect", [signer, secret, "sign_event:22242", metadata]);
    if (answer !== "ack" && (secret === "" || answer !== secret)) {
      throw new DialError("signer", "the signer did not accept the connection");
    }
  }

  async getPublicKey(): Promise<PublicKey> {
    const key = await this.#request("get_public_key", []);
    if (isPublicKey(key)) return key;
    throw new DialError("signer", "the signer did not say which key it signs with");
  }

  async signEvent(template: SignerTemplate): Promise<unknown> {
    const answer = await this.#request("sign_event", [JSON.stringify(template)]);
    const event = readJson(answer);
    const { user } = this.#options;
    if (user !== undefined && (!isRecord(event) || event["pubkey"] !== user)) {
      throw new DialError("signer", "the signer did not sign with the key that it had named");
    }
    return event;
  }

  close(): void {
    for (const mailbox of this.#mailboxes) mailbox.close();
  }

  #request(method: string, params: readonly string[]): Promise<string> {
    const { bunker, clientKey, crypto, clock, deadline } = this.#options;
    const id = bytesToHex(crypto.randomBytes(16));
    const content = encrypt(JSON.stringify({ id, method, params }), this.#conversationKey);
    const tags = [["p", bunker.signer]];
    const template = { kind: KIND_REMOTE_SIGNING, created_at: clock.now(), tags, content };
    const event = signEvent(template, clientKey, crypto);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        cancelDeadline();
        this.#pending.delete(id);
      };
      const request: Request = {
        eventId: event.id,
        event: event.json,
        mailboxes: new Set(this.#mailboxes),
        authUrlShown: false,
        answer(text) {
          settle();
          resolve(text);
        },
        fail(code, message) {
          settle();
          reject(new DialError(code, message));
        },
      };
      const cancelDeadline = clock.after(deadline, () => {
        request.fail(
          "signer-timeout",
          `the signer has not answered for ${deadline / 1000} seconds`,
        );
      });
      this.#pending.set(id, request);
      for (const mailbox of this.#mailboxes) {
        mailbox.send(event.json).catch((error: unknown) => {
          this.#lose(mailbox, error instanceof Error ? error.message : "it failed", event.id);
        });
      }
    });
  }

  /** Classic NIP-42: the relay learns the key by which the signer knows us, and nothing of the user. */
  #authenticate(challenge: string, url: string): string {
    const { clientKey, crypto, clock } = this.#options;
    const tags = [
      ["relay", url],
      ["challenge", challenge],
    ];
    const template = { kind: KIND_AUTH, created_at: clock.now(), tags, content: "" };
    return signEvent(template, clientKey, crypto).json;
  }

  #waiting(eventId: string): Request | undefined {
    return [...this.#pending.values()].find((request) => request.eventId === eventId);
  }

  /** A relay is of no use for one request, or for all that wait. */
  #lose(mailbox: Mailbox, reason: string, eventId?: string): void {
    for (const request of [...this.#pending.values()]) {
      if (eventId !== undefined && request.eventId !== eventId) continue;
      if (!request.mailboxes.delete(mailbox) || request.mailboxes.size > 0) continue;
      const message = `the signer cannot be asked over any of its relays: ${printable(reason.slice(0, MAX_REASON))}`;
      request.fail("signer-unreachable", message);
    }
  }

  #receive(value: Readonly<Record<string, unknown>>): void {
    if (this.#pending.size === 0) return; // a relay must not get signatures checked for nobody
    const { id, result, error } = this.#open(value);
    const request = typeof id === "string" ? this.#pending.get(id) : undefined;
    if (!request) return;
    if (result === "auth_url") {
      if (!request.authUrlShown && isWebAddress(error)) this.#options.onAuthUrl(error);
      request.authUrlShown = true;
    } else if (typeof error === "string" && error !== "") {
      request.fail("signer", `the signer refused: ${printable(error.slice(0, MAX_REASON))}`);
    } else if (typeof result === "string") {
      request.answer(result);
    }
  }

  /** What an event of the signer says; nothing, if it is none or cannot be read. */
  #open(value: unknown): Readonly<Record<string, unknown>> {
    const event = parseEvent(value);
    if (!event.ok || event.value.pubkey !== this.#options.bunker.signer) return {};
    const { kind, content } = event.value;
    if (kind !== KIND_REMOTE_SIGNING || content.length > MAX_CONTENT) return {};
    if (!verifyEvent(event.value, this.#options.crypto).ok) return {};
    let text: string;
    try {
      text = decrypt(content, this.#conversationKey);
    } catch {
      return {};
    }
    const message = readJson(text);
    return isRecord(message) ? message : {};
  }
}

const KIND_REMOTE_SIGNING = 24_133;
/** Longer than the longest NIP-44 payload of 64 KiB of text. */
const MAX_CONTENT = 100_000;
/** Characters of a refusal that are shown. */
const MAX_REASON = 200;

interface Request {
  readonly eventId: string;
  /** Its text. */
  readonly event: string;
  /** Those over which an answer may still come. */
  readonly mailboxes: Set<Mailbox>;
  authUrlShown: boolean;
  answer(text: string): void;
  fail(code: "signer" | "signer-timeout" | "signer-unreachable", message: string): void;
}

function sharedKey(clientKey: SecretKey, signer: PublicKey): Uint8Array {
  try {
    return getConversationKey(clientKey, signer);
  } catch (cause) {
    throw new DialError("signer", "the bunker address names a key that is none", { cause });
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isWebAddress(value: unknown): value is string {
  return (
    typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
  );
}
