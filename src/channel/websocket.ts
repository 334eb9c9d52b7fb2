/**
 * The drop-in class: the shape of the WHATWG WebSocket over the secure channel, for client
 * libraries that take a WebSocket class. It fails closed: no failure leads to plaintext.
 */

import type { Link, LinkEnd } from "../channel.ts";
import type { Clock } from "../clock.ts";
import type { CryptoProvider } from "../crypto.ts";
import { addressOf, endpointOf, parseAddress, type RelayAddress } from "../nostr/address.ts";
import { type PublicKey, parsePublicKey } from "../nostr/key.ts";
import {
  CLOSE,
  DEFAULT_CLIENT_MAX_MESSAGE,
  MAX_CLOSE_REASON_BYTES,
  MAX_PRIVATE_CLOSE,
  MIN_PRIVATE_CLOSE,
} from "../transport/constants.ts";
import { type DialOptions, dialSecure, type Signer } from "./dial.ts";
import { DialError } from "./errors.ts";
import {
  type AnyCloseEvent,
  type AnyErrorEvent,
  SecureCloseEvent,
  SecureErrorEvent,
  SecureMessageEvent,
} from "./events.ts";
import { BROKEN } from "./link.ts";
import { throwawaySigner } from "./signer.ts";

export interface SecureWebSocketOptions {
  /** Proves who the user is. Default: a new throwaway key for every connection. */
  readonly signer?: Signer;
  /**
   * The npubs of relays whose URLs cannot carry one, for libraries that insist on `ws://`: from URL
   * to npub (or hex). Host and port count, the path does not.
   */
  readonly relays?: Readonly<Record<string, string>>;
  /** What becomes of a URL without an npub: refused, or handed to the plain WebSocket. */
  readonly plain?: "refuse" | "allow";
  /** Longest message taken from the relay, in bytes of UTF-8. Default: 4 MiB. */
  readonly maxMessage?: number;
  /** Milliseconds for connection and proof; signing does not count. Default: 10,000. */
  readonly timeout?: number;
}

/** What the platform provides: chosen in `client.ts` and `browser.ts`. */
export interface WebSocketPlatform {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly connect: DialOptions["connect"];
  /** The plain class, for `plain: "allow"`; must be constructible with a URL. */
  readonly PlainWebSocket: new (
    url: string,
    protocols?: string | string[],
  ) => object;
}

/** The instance side: what WHATWG specifies, less what only binary data needs. */
export interface SecureWebSocket extends EventTarget {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly url: string;
  readonly protocol: string;
  readonly extensions: string;
  readonly readyState: 0 | 1 | 2 | 3;
  readonly bufferedAmount: number;
  binaryType: "blob" | "arraybuffer";
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: SecureMessageEvent) => void) | null;
  onerror: ((event: AnyErrorEvent) => void) | null;
  onclose: ((event: AnyCloseEvent) => void) | null;
  addEventListener<Type extends keyof SecureWebSocketEvents>(
    type: Type,
    listener: (event: SecureWebSocketEvents[Type]) => void,
    options?: ListenOptions,
  ): void;
  addEventListener(type: string, listener: Listener, options?: ListenOptions): void;
  removeEventListener<Type extends keyof SecureWebSocketEvents>(
    type: Type,
    listener: (event: SecureWebSocketEvents[Type]) => void,
    options?: UnlistenOptions,
  ): void;
  removeEventListener(type: string, listener: Listener, options?: UnlistenOptions): void;
  /** Throws an InvalidStateError while connecting and a TypeError for anything but text. */
  send(text: string): void;
  /** Codes other than 1000 and 4001–4099 travel as 1000. */
  close(code?: number, reason?: string): void;
}

/** What is dispatched, by its type. */
export interface SecureWebSocketEvents {
  readonly open: Event;
  readonly message: SecureMessageEvent;
  readonly error: SecureErrorEvent;
  readonly close: SecureCloseEvent;
}

export interface SecureWebSocketConstructor {
  /** Throws a {@link DialError} (`address`, `plaintext-refused`) for a URL that is not dialled. */
  new (url: string | { toString(): string }, protocols?: string | string[]): SecureWebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

type Listener = Parameters<EventTarget["addEventListener"]>[1];
type ListenOptions = Parameters<EventTarget["addEventListener"]>[2];
type UnlistenOptions = Parameters<EventTarget["removeEventListener"]>[2];

const DEFAULT_TIMEOUT = 10_000;
const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

export function secureWebSocketClass(
  platform: WebSocketPlatform,
  options: SecureWebSocketOptions = {},
): SecureWebSocketConstructor {
  const relays = readRelays(options.relays ?? {});
  const { crypto, clock, connect } = platform;

  class SecureWebSocketImplementation extends EventTarget implements SecureWebSocket {
    static readonly CONNECTING = STATES.CONNECTING;
    static readonly OPEN = STATES.OPEN;
    static readonly CLOSING = STATES.CLOSING;
    static readonly CLOSED = STATES.CLOSED;
    readonly CONNECTING = STATES.CONNECTING;
    readonly OPEN = STATES.OPEN;
    readonly CLOSING = STATES.CLOSING;
    readonly CLOSED = STATES.CLOSED;
    readonly url: string = "";
    readonly protocol: string = "";
    readonly extensions: string = "";
    binaryType: SecureWebSocket["binaryType"] = "blob";
    onopen: SecureWebSocket["onopen"] = null;
    onmessage: SecureWebSocket["onmessage"] = null;
    onerror: SecureWebSocket["onerror"] = null;
    onclose: SecureWebSocket["onclose"] = null;
    #state: SecureWebSocket["readyState"] = STATES.CONNECTING;
    #link: Link | undefined;
    readonly #abort = new AbortController();

    constructor(url: string | { toString(): string }, protocols?: string | string[]) {
      super();
      const text = url.toString();
      const address = resolve(text, relays, options.plain === "allow");
      // Nothing of ours must stand between the application and the plain class it asked for.
      // biome-ignore lint/correctness/noConstructorReturn: hands over to another class on purpose.
      if (!address) return new platform.PlainWebSocket(text, protocols) as this;
      this.url = text;
      this.addEventListener("open", (event) => this.onopen?.(event));
      this.addEventListener("message", (event) => {
        if (event instanceof SecureMessageEvent) this.onmessage?.(event);
      });
      this.addEventListener("error", (event) => {
        if (event instanceof SecureErrorEvent) this.onerror?.(event);
      });
      this.addEventListener("close", (event) => {
        if (event instanceof SecureCloseEvent) this.onclose?.(event);
      });
      this.#dial(address);
    }

    get readyState(): SecureWebSocket["readyState"] {
      return this.#state;
    }

    get bufferedAmount(): number {
      return this.#link?.bufferedAmount ?? 0;
    }

    send(text: string): void {
      if (this.#state === STATES.CONNECTING) {
        throw new DOMException("the connection is not open yet", "InvalidStateError");
      }
      if (typeof text !== "string") throw new TypeError("only text can be sent to a Nostr relay");
      if (this.#state === STATES.OPEN) this.#link?.send(text);
    }

    close(code: number = CLOSE.normal, reason = ""): void {
      if (code !== CLOSE.normal && (code < 3000 || code > 4999)) {
        throw new DOMException(`${code} is not a close code`, "InvalidAccessError");
      }
      if (new TextEncoder().encode(reason).length > MAX_CLOSE_REASON_BYTES) {
        throw new DOMException("the close reason is too long", "SyntaxError");
      }
      if (this.#state >= STATES.CLOSING) return;
      this.#state = STATES.CLOSING;
      this.#abort.abort();
      const travels = code >= MIN_PRIVATE_CLOSE && code <= MAX_PRIVATE_CLOSE;
      this.#link?.close(travels ? code : CLOSE.normal, reason);
    }

    async #dial(address: RelayAddress): Promise<void> {
      try {
        const link = await dialSecure(
          address,
          {
            crypto,
            clock,
            connect,
            signer: options.signer ?? throwawaySigner(crypto),
            maxMessage: options.maxMessage ?? DEFAULT_CLIENT_MAX_MESSAGE,
            timeout: options.timeout ?? DEFAULT_TIMEOUT,
          },
          this.#abort.signal,
        );
        this.#link = link;
        if (this.#state === STATES.CONNECTING) {
          this.#state = STATES.OPEN;
          this.dispatchEvent(new Event("open"));
        } else {
          link.close(CLOSE.normal, "");
        }
        link.start({
          message: (text) => this.dispatchEvent(new SecureMessageEvent(text)),
          end: (end) => this.#ended(end),
        });
      } catch (error) {
        this.#failed(DialError.from(error));
      }
    }

    #ended(end: LinkEnd): void {
      const error = end.error && DialError.from(end.error);
      // Relays go away and networks drop: as with other WebSockets that is a close, not an error,
      // and libraries reconnect after it.
      if (error && error.code !== "truncated") this.#failed(error);
      else this.#over({ ...end, reason: error ? reasonOf(error) : end.reason }, error);
    }

    #failed(error: DialError): void {
      this.#state = STATES.CLOSED;
      this.dispatchEvent(new SecureErrorEvent(error));
      this.#over({ code: BROKEN, reason: reasonOf(error), clean: false }, error);
    }

    #over(end: LinkEnd, error?: DialError): void {
      this.#state = STATES.CLOSED;
      this.dispatchEvent(new SecureCloseEvent(end, error));
    }
  }

  return SecureWebSocketImplementation;
}

function reasonOf(error: DialError): string {
  return `${error.code}: ${error.message}`;
}

/** Where to dial; `undefined` for the plain WebSocket, if that is allowed. */
function resolve(
  url: string,
  relays: ReadonlyMap<string, PublicKey>,
  plainAllowed: boolean,
): RelayAddress | undefined {
  if (/^\s*(nostr\+wss?:|nprofile1)/i.test(url)) {
    const address = parseAddress(url);
    if (!address.ok) throw new DialError("address", address.reason);
    const pinned = relays.get(address.value.endpoint);
    if (pinned !== undefined && pinned !== address.value.relay) {
      throw new DialError("address", "the address names another npub than `relays` does");
    }
    return address.value;
  }
  const endpoint = endpointOf(url);
  if (!endpoint.ok) throw new DialError("address", endpoint.reason);
  const relay = relays.get(endpoint.value);
  if (relay === undefined) {
    if (/npub1/i.test(new URL(url).username)) {
      throw new DialError(
        "address",
        "a ws:// URL must not carry a key: write nostr+ws://npub1…@host",
      );
    }
    if (plainAllowed) return undefined;
    throw new DialError(
      "plaintext-refused",
      'this URL names no npub, so the relay cannot be proved: use a nostr+ws://npub1…@host address, list its npub in `relays`, or allow plaintext with plain: "allow"',
    );
  }
  const address = addressOf(url, relay);
  if (!address.ok) throw new DialError("address", address.reason);
  return address.value;
}

function readRelays(relays: Readonly<Record<string, string>>): ReadonlyMap<string, PublicKey> {
  const map = new Map<string, PublicKey>();
  for (const [url, npub] of Object.entries(relays)) {
    const endpoint = endpointOf(url);
    if (!endpoint.ok) throw new DialError("address", `relays: ${url}: ${endpoint.reason}`);
    const relay = parsePublicKey(npub);
    if (!relay.ok) throw new DialError("address", `relays: ${url}: ${relay.reason}`);
    map.set(endpoint.value, relay.value);
  }
  return map;
}
